/** Three independent readings of one store, its log and the server over it, and what of them does not agree. */
import {
  createIdentityWindow,
  type ExpireBefore,
  followChain,
  type IdentityRules,
  identityWindowMs,
  listRoots,
  newestManifest,
  openStore,
  type PartitionRoot,
  withBlocks,
} from '@flamelake/catalog';
import { describeError, FlamelakeError, type ObjectStore, type Random } from '@flamelake/model';
import { askServer } from './ask-server.ts';
import { createFindings, type Findings } from './findings.ts';
import { listOthers } from './list-objects.ts';
import type { LogReading, PartitionLog } from './log-reading.ts';
import { type MayLack, readMayLack } from './may-lack.ts';
import { createOffsetDigests } from './offset-digests.ts';
import type { ExpectedAnswer, LogComparison, PartitionReading } from './partition-reading.ts';
import { readPartition } from './read-partition.ts';
import { type LogCounts, replayLog } from './replay-log.ts';
import { createServerAnswers, rootKey, type ServerAnswer, type ServerAnswers } from './server-answers.ts';
import { addTotals, type Totals } from './totals.ts';

export interface VerifyOptions {
  readonly store: ObjectStore;
  /** Finds the profile log; undefined when there is none. */
  readonly readLog: () => Promise<LogReading | undefined>;
  readonly random: Random;
  /** Server over the same store; none is asked when empty. */
  readonly url: string;
  readonly tenant: string;
  readonly rules: IdentityRules;
  /** What is expired by the server's options. */
  readonly expireBefore: ExpireBefore;
  readonly nowMs: () => number;
  readonly progress: (words: string) => void;
}

/** What was read of one partition, in numbers. */
export type PartitionCounts = Pick<
  PartitionReading,
  'root' | 'version' | 'blocks' | 'segments' | 'bytes' | 'profiles' | 'quarantined' | 'next'
>;

export interface Verification {
  readonly findings: Findings;
  readonly totals: Totals;
  readonly partitions: readonly PartitionCounts[];
  /** By partition; without those of which nothing could be read. */
  readonly log: readonly LogCounts[];
  /** Answers of the server. */
  readonly answers: number;
}

/** @throws {FlamelakeError} when a reading cannot be had at all: no store, no answer */
export async function verifyStore(options: VerifyOptions): Promise<Verification> {
  const { store, rules, expireBefore, progress } = options;
  const findings = createFindings();
  const { keys } = await openStore(store, options.random);
  const answers = createServerAnswers();
  // The log first: what is trimmed later has been folded before. The server before the store: what it has read, the store holds.
  const log = await findLog(options, findings);
  const comparisons = log === undefined ? [] : await compareFrom(log, rules, findings);
  if (options.url !== '') {
    const { url, tenant } = options;
    await askServer({ url, tenant, storeTenants: () => tenantsOf(store), keys, answers, findings, progress });
  }

  const totals: Totals = new Map();
  const expected = new Map<ServerAnswer, ExpectedAnswer>();
  const partitions: PartitionCounts[] = [];
  const logs: LogCounts[] = [];
  for (const root of rootsInOrder(await listRoots(store), comparisons)) {
    const words = (text: string) => progress(`log ${root.logId.slice(0, 8)}, partition ${root.partition}: ${text}`);
    const reading = await readPartition({ store, answers, comparisons, expireBefore, progress: words }, root);
    findings.addAll(reading.findings);
    addTotals(totals, reading.totals);
    for (const [answer, { profiles, total }] of reading.expected) {
      const sum = expected.get(answer) ?? { profiles: 0, total: 0n };
      expected.set(answer, { profiles: sum.profiles + profiles, total: sum.total + total });
    }
    const { version, blocks, segments, bytes, profiles, quarantined, next } = reading;
    partitions.push({ root, version, blocks, segments, bytes, profiles, quarantined, next });
    const comparison = comparisons.find((one) => rootKey(one.root) === rootKey(root));
    if (comparison === undefined) continue;
    // Deletes are on record before anything is deleted.
    const mayLack = await readMayLack(options, options.expireBefore);
    const counts = await replay(comparison, comparisons.length === 1, next, { ...options, mayLack }, findings);
    if (counts !== undefined) logs.push(counts);
    comparison.digests.clear();
  }
  await listOthers(store, findings);
  compareAnswers(answers, expected, partitions, findings);
  return { findings, totals, partitions, log: logs, answers: answers.count };
}

async function findLog({ readLog }: VerifyOptions, findings: Findings): Promise<LogReading | undefined> {
  try {
    const log = await readLog();
    if (log === undefined) findings.note('no profile log is there to compare with: only the store and the server are');
    return log;
  } catch (error) {
    return damagedLog(error, findings);
  }
}

/** Damage of the log is a difference; whatever else is wrong ends the verification. */
function damagedLog(error: unknown, findings: Findings): undefined {
  if (!(error instanceof FlamelakeError && error.code === 'data_loss')) throw error;
  findings.difference(`profile log: ${describeError(error)}`);
  return undefined;
}

/** A partition of the log, and where the comparison with it begins. */
interface PartitionComparison extends LogComparison {
  readonly log: PartitionLog;
}

async function compareFrom(
  log: LogReading,
  rules: IdentityRules,
  findings: Findings,
): Promise<readonly PartitionComparison[]> {
  const windowMs = identityWindowMs(rules);
  const comparisons: PartitionComparison[] = [];
  for (const one of log.partitions) {
    const window = createIdentityWindow({ windowMs });
    try {
      const firstAppendMs = await firstAppend(one);
      const root = { logId: log.id, partition: one.partition };
      comparisons.push({ root, digests: createOffsetDigests(one.start), window, windowMs, firstAppendMs, log: one });
    } catch (error) {
      damagedLog(error, findings);
    }
  }
  return comparisons;
}

async function firstAppend(log: PartitionLog): Promise<number> {
  for await (const { appendMs } of log.records()) return appendMs;
  return Number.POSITIVE_INFINITY;
}

/** Other logs first: what they took may have been sent again to the one that is compared. Partitions without an object are there too. */
function rootsInOrder(
  stored: readonly PartitionRoot[],
  comparisons: readonly LogComparison[],
): readonly PartitionRoot[] {
  const compared = new Map(comparisons.map(({ root }) => [rootKey(root), root]));
  return [...stored.filter((root) => !compared.has(rootKey(root))), ...compared.values()];
}

async function replay(
  comparison: PartitionComparison,
  isOnlyPartition: boolean,
  chainEnd: number,
  { rules, progress, mayLack }: VerifyOptions & { readonly mayLack: MayLack },
  findings: Findings,
): Promise<LogCounts | undefined> {
  const { log } = comparison;
  if (log.start > chainEnd) {
    const where = isOnlyPartition ? '' : `partition ${log.partition}: `;
    findings.difference(`${where}offsets ${chainEnd} to ${log.start} are neither in a segment nor in the log any more`);
  }
  try {
    return await replayLog(log, { ...comparison, rules, chainEnd, isOnlyPartition, mayLack, findings, progress });
  } catch (error) {
    return damagedLog(error, findings);
  }
}

const INT64_MAX = 0x7fff_ffff_ffff_ffffn;

function compareAnswers(
  answers: ServerAnswers,
  expected: ReadonlyMap<ServerAnswer, ExpectedAnswer>,
  partitions: readonly PartitionCounts[],
  findings: Findings,
): void {
  const ahead = new Set<string>();
  for (const answer of answers.all()) {
    const { profiles, total } = expected.get(answer) ?? { profiles: 0, total: 0n };
    const said = saidOtherwise(answer, profiles, total);
    if (said !== undefined) {
      const name = `${answer.tenant}/${answer.service} ${answer.type}`;
      findings.difference(`${name}: ${said}, the store holds ${profiles} profiles with a total of ${total}`);
    }
    for (const { root, next } of partitions) {
      const end = answer.ends.get(rootKey(root)) ?? 0;
      if (end <= next || ahead.has(rootKey(root))) continue;
      ahead.add(rootKey(root));
      findings.difference(`the server has read partition ${rootKey(root)} up to ${end}, the chain ends at ${next}`);
    }
  }
}

/** What the server says, when it is not what it should. */
function saidOtherwise({ value }: ServerAnswer, profiles: number, total: bigint): string | undefined {
  if (value === 'unlisted') return profiles === 0 ? undefined : 'the server does not list it';
  if (value === 'refused') return total > INT64_MAX ? undefined : 'the server says that its total leaves int64';
  if ('total' in value)
    return value.total === total ? undefined : `the server's flame graph has a total of ${value.total}`;
  const mean = profiles === 0 ? 0 : Number(total) / profiles;
  return value.mean === mean ? undefined : `the server's series has a mean of ${value.mean}`;
}

async function tenantsOf(store: ObjectStore): Promise<readonly string[]> {
  const tenants = new Set<string>();
  for (const root of await listRoots(store)) {
    const { position, blocks } = await withBlocks(store, await newestManifest(store, root));
    for (const { datasets } of blocks) for (const { tenant } of datasets) tenants.add(tenant);
    for await (const { info } of followChain(store, root, position))
      for (const { tenant } of info.datasets) tenants.add(tenant);
  }
  return [...tenants].sort();
}
