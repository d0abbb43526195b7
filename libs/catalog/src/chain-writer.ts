/**
 * The writer of one partition's chain: reads the log in order and cuts it into segments, each put where the one before it ends.
 *
 * Any number of writers may work on one partition, know nothing of each other, sleep, wake and crash: whoever puts a segment
 * first has it, and all others go on behind it.
 */
import { type BlockBuilder, createBlockBuilder } from '@flamelake/block';
import {
  type Clock,
  type ErrorDetails,
  FlamelakeError,
  type LogRecord,
  type ObjectStore,
  type ProfileLog,
  type Random,
} from '@flamelake/model';
import { findSegment } from './follow-chain.ts';
import { type IdentityRules, identityWindowMs } from './identity-rules.ts';
import type { IdentityWindow } from './identity-window.ts';
import { segmentKey } from './keys.ts';
import { newestManifest } from './newest-manifest.ts';
import { randomId } from './random-id.ts';
import { type CutSegment, createSegmentDraft, type DraftCount, reasonOf, type SegmentDraft } from './segment-draft.ts';
import { addSegment, takeOver } from './take-over.ts';
import type { Manifest, PartitionRoot } from './types.ts';

/** What happens to a writer, counted. */
export type ChainWriterCount =
  | DraftCount
  | 'segments'
  | 'segment_bytes'
  /** Segments of others met where this one was to be put. */
  | 'rival_segments'
  | 'take_overs'
  | 'left_behind';

/** Told what happens; never throws. */
export interface ChainWriterObserver {
  count(what: ChainWriterCount, amount: number): void;
  /** Something failed and will be tried again, or the partition has stopped. */
  failure(message: string, error: unknown): void;
}

export interface ChainWriterOptions {
  readonly store: ObjectStore;
  readonly log: ProfileLog;
  readonly partition: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: ChainWriterObserver;
  readonly rules: IdentityRules;
  /** Longest time a record waits for its segment to be cut, ms. */
  readonly flushIntervalMs: number;
  /** Size at which a segment is cut earlier, bytes; 8 MiB by default. */
  readonly segmentBytes?: number;
}

export interface ChainWriterHealth {
  /** `stopped`: the log has lost what the chain holds; nothing is written until an operator has looked. */
  readonly state: 'starting' | 'running' | 'failing' | 'stopped';
  /** End of the chain as far as this writer knows. */
  readonly position: number;
  readonly error: unknown;
}

export interface ChainWriter {
  readonly root: PartitionRoot;
  /** Writes until aborted; then cuts what was read, and resolves. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  health(): ChainWriterHealth;
}

const SEGMENT_BYTES_DEFAULT = 8_388_608;
/** Largest segment, 16 MiB: put-if-absent is one request from one buffer. */
const SEGMENT_BYTES_MAX = 16_777_216;
/** Longest time between two looks at the newest manifest. */
const LOOK_INTERVAL_MS = 60_000;
const READ_BYTES_MAX = 4_194_304;
/** Longest wait for a record. */
const READ_WAIT_MS = 5_000;
/** Bytes of records taken in before others get their turn. */
const YIELD_BYTES = 262_144;
const BACKOFF_MS_MIN = 100;
const BACKOFF_MS_MAX = 10_000;

/** What a writer knows since it took over. */
interface Following {
  /** Newest one seen. */
  manifest: Manifest;
  /** Positions passed, from that manifest's on. */
  readonly links: Set<number>;
  readonly window: IdentityWindow;
  /** Running maximum of append time at the draft's position. */
  lastAppendMs: number;
  draft: SegmentDraft;
  /** The draft's, and of those after it: datasets mostly come again, as large as they were. */
  builder: BlockBuilder;
  /** When the draft got its first record, monotonic. */
  draftSinceMs: number;
  /** The draft as an object: being put, until it is known who has the key. */
  cut: CutSegment | undefined;
}

export function createChainWriter(options: ChainWriterOptions): ChainWriter {
  const { store, log, partition, clock, random, observer, rules, flushIntervalMs } = options;
  const segmentBytes = options.segmentBytes ?? SEGMENT_BYTES_DEFAULT;
  const root: PartitionRoot = { logId: log.id, partition };
  const windowMs = identityWindowMs(rules);
  const poison = new Map<number, string>();
  let recordsMax = Number.POSITIVE_INFINITY;
  let following: Following | undefined;
  let looked = { atMs: 0, wallMs: 0 };
  let failures = 0;
  let health: ChainWriterHealth = { state: 'starting', position: 0, error: undefined };

  const newBuilder = () => createBlockBuilder({ hashSeed: random.fraction() * 0x1_0000_0000 });

  function newDraft(position: number, lastAppendMs: number, window: IdentityWindow, builder = newBuilder()) {
    const id = randomId(random);
    const draft = createSegmentDraft({ root, id, builder, position, lastAppendMs, window, rules, poison });
    return { draft, draftSinceMs: clock.monotonicMs(), lastAppendMs, builder, cut: undefined };
  }

  /** Forgets what was read behind the chain's end and reads it again. */
  function startDraftAgain(now: Following): void {
    Object.assign(now, newDraft(now.draft.position, now.lastAppendMs, now.window));
  }

  /** Starts from the newest manifest: nothing of what was known before counts. */
  async function start(): Promise<void> {
    const taken = await takeOver(store, root, windowMs);
    if (taken === undefined) throw new FlamelakeError('aborted', 'catalog changed while it was read', { ...root });
    observer.count('take_overs', 1);
    const { manifest, links, window, position, lastAppendMs } = taken;
    following = { manifest, links: new Set(links), window, ...newDraft(position, lastAppendMs, window) };
    health = { state: 'running', position, error: undefined };
    await look(following);
  }

  /**
   * Looks at the newest manifest. Is its position no link that was passed, the writer was left behind: the keys it writes have been
   * swept and are absent again, so its puts succeed beside the chain. Then it starts again.
   */
  async function look(now: Following): Promise<boolean> {
    const newest = await newestManifest(store, root, now.manifest);
    if (!now.links.has(newest.position)) {
      observer.count('left_behind', 1);
      following = undefined;
      return false;
    }
    for (const link of now.links) if (link < newest.position) now.links.delete(link);
    now.manifest = newest;
    looked = { atMs: clock.monotonicMs(), wallMs: clock.nowMs() };
    await log
      .trim(partition, newest.position)
      .catch((error: unknown) => observer.failure('log was not trimmed', error));
    return true;
  }

  /** Once a minute, and after any pause: a suspended machine stops one clock and not the other. */
  function isLookDue(): boolean {
    const sinceMs = Math.max(clock.monotonicMs() - looked.atMs, clock.nowMs() - looked.wallMs);
    return sinceMs >= LOOK_INTERVAL_MS;
  }

  async function step(now: Following, signal: AbortSignal): Promise<void> {
    if (isLookDue() && !(await look(now))) return;
    const { draft } = now;
    const hasContent = draft.next > draft.position;
    const leftMs = now.draftSinceMs + flushIntervalMs - clock.monotonicMs();
    if (now.cut !== undefined || (hasContent && leftMs <= 0)) await cutAndPut(now);
    else await read(now, hasContent ? leftMs : READ_WAIT_MS, signal);
  }

  async function read(now: Following, waitMs: number, signal: AbortSignal): Promise<void> {
    let cursor = now.draft.next;
    let records: readonly LogRecord[];
    try {
      records = await log.read(partition, cursor, { bytesMax: READ_BYTES_MAX, waitMs, signal });
    } catch (error) {
      if (error instanceof FlamelakeError && error.code === 'out_of_range') return outsideLog(now, error);
      throw error;
    }
    // A partition that is idle keeps no memory for what came before.
    if (records.length === 0 && now.draft.next === now.draft.position) now.builder.clear();
    let takenBytes = 0;
    for (const record of records) {
      // A rival's segment may have moved the position meanwhile: then the rest is read again from there.
      if (following !== now || now.draft.next !== cursor) return;
      if (now.draft.next === now.draft.position) now.draftSinceMs = clock.monotonicMs();
      take(now, record);
      cursor = now.draft.next;
      if (now.draft.sizeBytes >= segmentBytes || now.draft.records >= recordsMax) await cutAndPut(now);
      takenBytes += record.value.length;
      if (takenBytes < YIELD_BYTES) continue;
      takenBytes = 0;
      await clock.sleep(0);
    }
  }

  function take(now: Following, record: LogRecord): void {
    try {
      now.draft.add(record);
    } catch (error) {
      // No record may hold up a partition: one that breaks the builder is poison.
      if (!(error instanceof FlamelakeError)) poison.set(record.offset, reasonOf(error));
      startDraftAgain(now);
      throw error;
    }
  }

  /** The log does not hold the offset that comes next. */
  async function outsideLog(now: Following, cause: FlamelakeError): Promise<void> {
    // Bounds first: what was trimmed before is behind the manifest looked at after.
    const { start: logStart, end } = await log.bounds(partition);
    if (!(await look(now))) return;
    const { position, next } = now.draft;
    if (end < position) throw stop('log ends before its chain', { logEnd: end, chainEnd: position, ...root }, cause);
    if (end < next) startDraftAgain(now);
    else if (logStart > next) now.draft.skipTo(logStart);
    else throw cause;
  }

  /** Puts what was read where the chain ends. Only what is there afterwards tells who has the key. */
  async function cutAndPut(now: Following): Promise<void> {
    const { draft } = now;
    now.cut ??= build(now);
    if (now.cut === undefined) return;
    const { bytes } = now.cut.block;
    let cause: unknown;
    try {
      const answer = await store.putIfAbsent(segmentKey(root, draft.position), bytes);
      if (answer === 'created') return moveOn(now, now.cut, draft.next, draft.lastAppendMs);
    } catch (error) {
      cause = error;
    }
    const segment = await findSegment(store, root, draft.position);
    if (segment === undefined) {
      // Swept since, or never there: the first means that this writer was left behind.
      looked = { atMs: Number.NEGATIVE_INFINITY, wallMs: Number.NEGATIVE_INFINITY };
      throw cause ?? new FlamelakeError('aborted', 'segment vanished before it was read', { ...root });
    }
    const isOwn = segment.entry.info.id === draft.id;
    if (!isOwn) {
      await addSegment(now.window, segment.block);
      observer.count('rival_segments', 1);
    }
    const { next, lastAppendMs } = segment.entry.info.log;
    moveOn(now, isOwn ? now.cut : undefined, next, lastAppendMs);
  }

  /** Builds the draft, or begins it again with half the records; a single one that cannot be built is poison. */
  function build(now: Following): CutSegment | undefined {
    const { draft } = now;
    let reason: string;
    try {
      const cut = draft.finish();
      const sizeBytes = cut.block.bytes.length;
      if (sizeBytes <= SEGMENT_BYTES_MAX) return cut;
      reason = `segment of this record alone is larger than the maximum (sizeBytes=${sizeBytes})`;
    } catch (error) {
      reason = reasonOf(error);
    }
    if (draft.records <= 1) poison.set(draft.next - 1, reason);
    else recordsMax = Math.floor(draft.records / 2);
    startDraftAgain(now);
    return undefined;
  }

  /** Goes on where a segment ends, one's own or a rival's. */
  function moveOn(now: Following, own: CutSegment | undefined, next: number, lastAppendMs: number): void {
    if (own !== undefined) {
      for (const [what, amount] of own.counts) observer.count(what, amount);
      observer.count('segments', 1);
      observer.count('segment_bytes', own.block.bytes.length);
    }
    poison.clear();
    recordsMax = Number.POSITIVE_INFINITY;
    now.links.add(next);
    now.window.forgetBefore(lastAppendMs - windowMs);
    now.builder.clear();
    Object.assign(now, newDraft(next, lastAppendMs, now.window, now.builder));
    health = { state: 'running', position: next, error: undefined };
  }

  function stop(message: string, details: ErrorDetails, cause?: unknown): FlamelakeError {
    const error = new FlamelakeError('failed_precondition', message, details, { cause });
    health = { ...health, state: 'stopped', error };
    return error;
  }

  async function advance(signal: AbortSignal): Promise<void> {
    try {
      if (following === undefined) await start();
      else await step(following, signal);
      failures = 0;
      if (health.state === 'failing') health = { ...health, state: 'running', error: undefined };
    } catch (error) {
      if (health.state === 'stopped') return observer.failure('partition has stopped', error);
      failures++;
      health = { ...health, state: 'failing', error };
      observer.failure('segment writer failed and will try again', error);
      await clock.sleep(Math.min(BACKOFF_MS_MIN * 2 ** Math.min(failures - 1, 10), BACKOFF_MS_MAX), signal);
    }
  }

  return {
    root,
    async run(signal) {
      while (!signal.aborted && health.state !== 'stopped') await advance(signal);
      const last = following;
      if (last === undefined || last.draft.next === last.draft.position || health.state === 'stopped') return;
      await cutAndPut(last).catch((error: unknown) => observer.failure('last segment was not put', error));
    },
    health: () => health,
  };
}
