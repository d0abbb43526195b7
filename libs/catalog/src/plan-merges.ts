/**
 * Which merges are due: blocks of level 1 as they pile up, what there is of an hour or a day when it is over. Every job makes the
 * catalog smaller or takes blocks up a level, so that there is an end to them.
 */
import type { MergeRules } from './merge-rules.ts';
import type { PlannedBlock } from './types.ts';

/** Blocks that become blocks of a level, cut by profile time. */
export interface MergeJob {
  readonly inputs: readonly PlannedBlock[];
  /** Of the outputs: the same as that of the inputs, or one more. */
  readonly level: number;
  readonly windowMs: number;
  /** Since when it could be done, ms since 1970. */
  readonly dueMs: number;
}

/** A block of this level has totals of days and is only merged with small ones of its day. */
const LEVEL_MAX = 3;

/**
 * All jobs that are due, the longest overdue first. No block is in two of them.
 * @param nowMs - ms since 1970
 * @param busy - keys of blocks that other jobs are merging
 */
export function planMerges(
  manifest: { readonly blocks: readonly PlannedBlock[] },
  rules: MergeRules,
  nowMs: number,
  busy: ReadonlySet<string> = new Set(),
): readonly MergeJob[] {
  const free = manifest.blocks.filter(({ key }) => !busy.has(key));
  const inLogOrder = free.toSorted((a, b) => a.log.next - b.log.next || a.log.position - b.log.position);
  const ofLevel = (level: number) => inLogOrder.filter((block) => block.level === level);
  const [ones, twos, threes] = [ofLevel(1), ofLevel(2), ofLevel(LEVEL_MAX)];
  const fresh = planFresh(ones, rules);
  const jobs = [
    ...fresh,
    ...planHours(withoutInputs(ones, fresh), twos, rules, nowMs),
    ...planDays(twos, threes, rules, nowMs),
    ...planLate(twos, threes, rules, nowMs),
  ];
  return jobs.sort((a, b) => a.dueMs - b.dueMs);
}

/** Start of the window that all profiles of a block lie in; undefined when there is none. */
export function windowOf(block: Pick<PlannedBlock, 'datasets'>, windowMs: number): number | undefined {
  const starts = new Set<number>();
  for (const { minTimeMs, maxTimeMs } of block.datasets) {
    starts.add(startOf(minTimeMs, windowMs)).add(startOf(maxTimeMs, windowMs));
    if (starts.size > 1) return undefined;
  }
  return [...starts][0];
}

export function startOf(timeMs: number, windowMs: number): number {
  return Math.floor(timeMs / windowMs) * windowMs;
}

/** Level 1 → 2 while an hour lasts: as many as make a job. */
function planFresh(ones: readonly PlannedBlock[], rules: MergeRules): MergeJob[] {
  const jobs: MergeJob[] = [];
  let rest = ones;
  while (rest.length >= rules.blocksPerMerge) {
    const inputs = upToMost(rest, rules);
    const last = rest[rules.blocksPerMerge - 1];
    jobs.push({ inputs, level: 2, windowMs: rules.hourMs, dueMs: last.log.lastAppendMs });
    rest = rest.slice(inputs.length);
  }
  return jobs;
}

/** Level 2: hours that are over; a few together while they are small. */
function planHours(
  ones: readonly PlannedBlock[],
  twos: readonly PlannedBlock[],
  rules: MergeRules,
  nowMs: number,
): MergeJob[] {
  const { hourMs, dayMs, spanHours, smallSpanBytes } = rules;
  const spanMs = dayMs % (hourMs * spanHours) === 0 ? hourMs * spanHours : hourMs;
  const bytes = new Map<number, number>();
  for (const block of [...ones, ...twos]) {
    const startMs = block.level === 1 ? startOfFresh(block, spanMs, rules) : windowOf(block, spanMs);
    if (startMs !== undefined) bytes.set(startMs, (bytes.get(startMs) ?? 0) + block.sizeBytes);
  }
  const isSmall = (startMs: number) => (bytes.get(startOf(startMs, spanMs)) ?? 0) < smallSpanBytes;
  if (spanMs === hourMs) return planWindows(ones, twos, hourMs, () => true, rules, nowMs);
  return [
    ...planWindows(ones, twos, hourMs, (startMs) => !isSmall(startMs), rules, nowMs),
    ...planWindows(ones, twos, spanMs, isSmall, rules, nowMs),
  ];
}

/**
 * Windows that are over. What of one is in level 1 still and its pieces become one block, so that most profiles of a small installation are
 * written once between fold and day. While its day is not over, pieces are merged alone, too.
 */
function planWindows(
  ones: readonly PlannedBlock[],
  twos: readonly PlannedBlock[],
  windowMs: number,
  isMeant: (startMs: number) => boolean,
  rules: MergeRules,
  nowMs: number,
): MergeJob[] {
  const fresh = new Map<number, PlannedBlock[]>();
  for (const block of ones) addTo(fresh, startOfFresh(block, windowMs, rules), block);
  const pieces = groupByWindow(twos, windowMs);
  return [...new Set([...fresh.keys(), ...pieces.keys()])].filter(isMeant).flatMap((startMs): MergeJob[] => {
    const dueMs = startMs + windowMs + rules.graceMs;
    if (dueMs > nowMs) return [];
    const own = fresh.get(startMs) ?? [];
    const isDayOver = dayDueMs(startOf(startMs, rules.dayMs), rules) <= nowMs;
    const others = isDayOver ? [] : (pieces.get(startMs) ?? []);
    const worthwhile = new Set(withoutGiant([...own, ...others], rules));
    const inputs = upToMost([...own, ...others.filter((piece) => worthwhile.has(piece))], rules);
    if (own.length === 0 && jobsIn(inputs) < 2) return [];
    return [{ inputs, level: 2, windowMs, dueMs }];
  });
}

/** Window that a block of level 1 goes with: what was appended soon after one, and still has profiles of it, goes with that. */
function startOfFresh({ log, datasets }: PlannedBlock, windowMs: number, { graceMs }: MergeRules): number {
  const ownMs = startOf(log.lastAppendMs, windowMs);
  const isOfBefore = log.lastAppendMs < ownMs + graceMs && datasets.some(({ minTimeMs }) => minTimeMs < ownMs);
  return isOfBefore ? ownMs - windowMs : ownMs;
}

/** Level 2 → 3: the blocks of a day that is over, and later small ones of that day. */
function planDays(
  twos: readonly PlannedBlock[],
  threes: readonly PlannedBlock[],
  rules: MergeRules,
  nowMs: number,
): MergeJob[] {
  const { dayMs, smallBlocksMax } = rules;
  const merged = groupByWindow(threes, dayMs);
  const isSettled = (block: PlannedBlock) => block.log.lastAppendMs + rules.identityWindowMs <= nowMs;
  const days = [...groupByWindow(twos, dayMs)].flatMap(([startMs, blocks]): MergeJob[] => {
    const settled = blocks.filter(isSettled);
    const [oldest] = settled;
    if (oldest === undefined) return [];
    // What comes after the day was merged waits for more of its kind.
    const isFirst = !merged.has(startMs);
    const waitMs = settled.length >= smallBlocksMax || isFirst ? 0 : dayMs;
    const dueMs = Math.max(dayDueMs(startMs, rules), oldest.log.lastAppendMs + waitMs);
    return dueMs > nowMs ? [] : [{ inputs: upToMost(settled, rules), level: LEVEL_MAX, windowMs: dayMs, dueMs }];
  });
  const again = [...merged].flatMap(([startMs, blocks]): MergeJob[] => {
    const small = blocks.filter(({ sizeBytes }) => sizeBytes < rules.ownBlockBytes);
    const inputs = upToMost(small, rules);
    if (jobsIn(small) < smallBlocksMax || jobsIn(inputs) < 2) return [];
    return [{ inputs, level: LEVEL_MAX, windowMs: dayMs, dueMs: startMs + 2 * dayMs }];
  });
  return [...days, ...again];
}

/** Late blocks, of profiles from many days: each job takes the fullest days out of them. */
function planLate(
  twos: readonly PlannedBlock[],
  threes: readonly PlannedBlock[],
  rules: MergeRules,
  nowMs: number,
): MergeJob[] {
  const { dayMs, smallBlocksMax } = rules;
  const isLate = (block: PlannedBlock) => windowOf(block, dayMs) === undefined;
  const [fresh, old] = [twos.filter(isLate), threes.filter(isLate)];
  const jobs: MergeJob[] = [];
  const [oldest] = fresh;
  if (oldest !== undefined) {
    const dueMs = oldest.log.lastAppendMs + (jobsIn(fresh) >= smallBlocksMax ? 0 : dayMs);
    if (dueMs <= nowMs) jobs.push({ inputs: upToMost(fresh, rules), level: LEVEL_MAX, windowMs: dayMs, dueMs });
  }
  const again = upToMost(old, rules);
  if (jobsIn(old) >= smallBlocksMax && jobsIn(again) > 1) {
    const dueMs = old[0].log.lastAppendMs + dayMs;
    jobs.push({ inputs: again, level: LEVEL_MAX, windowMs: dayMs, dueMs });
  }
  return jobs;
}

/** When a day is merged: its last profiles have come, and no writer looks for their identities any more. */
function dayDueMs(startMs: number, { dayMs, graceMs, identityWindowMs }: MergeRules): number {
  return startMs + dayMs + graceMs + identityWindowMs;
}

/** Blocks by the window they lie in; those that lie in none are left out. */
function groupByWindow(blocks: readonly PlannedBlock[], windowMs: number): Map<number, PlannedBlock[]> {
  const groups = new Map<number, PlannedBlock[]>();
  for (const block of blocks) {
    const startMs = windowOf(block, windowMs);
    if (startMs === undefined) continue;
    addTo(groups, startMs, block);
  }
  return groups;
}

function addTo(groups: Map<number, PlannedBlock[]>, startMs: number, block: PlannedBlock): void {
  const group = groups.get(startMs);
  if (group === undefined) groups.set(startMs, [block]);
  else group.push(block);
}

function withoutInputs(blocks: readonly PlannedBlock[], jobs: readonly MergeJob[]): readonly PlannedBlock[] {
  const taken = new Set(jobs.flatMap(({ inputs }) => inputs));
  return blocks.filter((block) => !taken.has(block));
}

/** How many jobs made some blocks: outputs of one job have one log range. A merge of one job's outputs would bring nothing. */
function jobsIn(blocks: readonly PlannedBlock[]): number {
  return new Set(blocks.map(({ log }) => `${log.position}-${log.next}`)).size;
}

/** Without what one job made, where that is so much more than the rest that to write it again would not pay. */
function withoutGiant(blocks: readonly PlannedBlock[], { smallBlocksMax }: MergeRules): readonly PlannedBlock[] {
  if (jobsIn(blocks) >= smallBlocksMax) return blocks;
  const bytes = new Map<string, number>();
  const rangeOf = ({ log }: PlannedBlock) => `${log.position}-${log.next}`;
  for (const block of blocks) bytes.set(rangeOf(block), (bytes.get(rangeOf(block)) ?? 0) + block.sizeBytes);
  const all = blocks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return blocks.filter((block) => (bytes.get(rangeOf(block)) ?? 0) * 5 <= all * 4);
}

/** The first blocks of a list, as many as one job may read; one at least. */
function upToMost(blocks: readonly PlannedBlock[], { inputsMax, inputBytesMax }: MergeRules): readonly PlannedBlock[] {
  let bytes = 0;
  let count = 0;
  for (const { sizeBytes } of blocks) {
    bytes += sizeBytes;
    if (count > 0 && (bytes > inputBytesMax || count >= inputsMax)) break;
    count++;
  }
  return blocks.slice(0, count);
}
