/** The roles of one partition as simulated processes: the real code of the catalog, driven as the services drive it. */
import { objectSource, openBlock } from '@flamelake/block';
import {
  type CatalogLimits,
  commitChange,
  createChainWriter,
  type ExpireBefore,
  type ExpireOutcome,
  expireOnce,
  foldOnce,
  type IdentityRules,
  identityWindowMs,
  isMissingObject,
  limitCatalog,
  type MergeRules,
  mergeOnce,
  openSegment,
  type PartitionRoot,
  type PartitionSnapshot,
  rowsOfBlock,
  rowsOfSegment,
  sweepOnce,
  takePartitionSnapshot,
  withBlocks,
} from '@flamelake/catalog';
import { type Clock, FlamelakeError, formatSelector, LABEL, type ObjectStore } from '@flamelake/model';
import type { SeededRandom, SimulatedLog, SimulatedProcess, SimulatedStore } from '@flamelake/testkit';
import type { ReadRows } from './block-rows.ts';
import { type LogTruth, type Rows, rowsDiffer } from './log-truth.ts';
import type { Observer } from './observer.ts';
import { Violation } from './violation.ts';

/** The part of the world that roles meet. */
export interface Stage {
  readonly store: SimulatedStore;
  readonly log: SimulatedLog;
  readonly root: PartitionRoot;
  readonly truth: LogTruth;
  readonly observer: Observer;
  readonly readRows: ReadRows;
  readonly rules: IdentityRules;
  readonly keepMs: number;
  readonly flushIntervalMs: number;
  /** Longest time a role but the writer rests between two actions. */
  readonly restMsMax: number;
  /** How long profiles stay by a clock, ms. */
  readonly retentionMs: number | undefined;
  /** Service of which profiles are deleted time and again. */
  readonly deletedService: string;
  /** When the catalog writes index pages. */
  readonly catalog: Partial<CatalogLimits>;
  /** What happened, counted. */
  readonly counts: Map<string, number>;
}

/** Those that every world needs. */
export const ROLES = ['writer', 'folder', 'merger', 'sweeper', 'reader'] as const;
export type Role = (typeof ROLES)[number] | 'deleter' | 'expirer';

/** The store as a process sees it. */
export function viewOf({ store, catalog }: Stage, process: SimulatedProcess): ObjectStore {
  const view = store.view(process);
  limitCatalog(view, catalog);
  return view;
}

/** Plays a role until its process crashes. Only a violation, or an error no fault explains, ends it. */
export function play(stage: Stage, role: Role, process: SimulatedProcess): void {
  const store = viewOf(stage, process);
  const count = (what: string, amount = 1) => stage.counts.set(what, (stage.counts.get(what) ?? 0) + amount);
  process.spawn(async () => {
    if (role === 'writer') return write(stage, process, store, count);
    for (;;) {
      try {
        count(await act(stage, role, process, store, count));
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        count('unavailable');
      }
      await process.clock.sleep(stage.restMsMax ** (0.4 + 0.6 * process.random.fraction()));
    }
  });
}

async function write(
  stage: Stage,
  process: SimulatedProcess,
  store: ObjectStore,
  count: (what: string, amount?: number) => void,
): Promise<void> {
  const { rules, flushIntervalMs } = stage;
  let unexpected: unknown;
  const writer = createChainWriter({
    store,
    log: stage.log.view(process),
    partition: 0,
    clock: process.clock,
    random: process.random,
    rules,
    flushIntervalMs,
    observer: {
      count,
      failure(_message, error) {
        if (!isUnavailable(error) && !isAborted(error)) unexpected = error;
      },
    },
  });
  await writer.run(new AbortController().signal);
  throw unexpected ?? writer.health().error;
}

/** Does what the role does once. @returns what it did, for the counts */
async function act(
  stage: Stage,
  role: Role,
  process: SimulatedProcess,
  store: ObjectStore,
  count: (what: string, amount?: number) => void,
): Promise<string> {
  const { root, keepMs } = stage;
  const { random } = process;
  const expireBefore = expiryOf(stage, process.clock);
  switch (role) {
    case 'folder':
      return `fold ${(await foldOnce({ store, root, random, segmentsMax: 1 + random.integer(4) })).outcome}`;
    case 'merger':
      return `merge ${(await mergeOnce({ store, root, random, rules: mergeRules(stage, random), expireBefore }, process.clock.nowMs())).outcome}`;
    case 'expirer': {
      const done = await expireSome(stage, process, store, random.integer(2) * (stage.retentionMs ?? 0));
      return done.outcome === 'committed' && done.dropped > 0 ? 'expire drops' : `expire ${done.outcome}`;
    }
    case 'deleter':
      return deleteService(stage, process, store);
    case 'sweeper': {
      const { manifests, blocks, pages, segments } = await sweepOnce({ store, root, random, keepMs });
      if (pages > 0) count('swept pages', pages);
      return manifests + blocks + pages + segments > 0 ? 'sweep deletes' : 'sweep';
    }
    case 'reader':
      return query(stage, process, store);
    case 'writer':
      throw new RangeError('a writer does nothing once');
  }
}

/** Windows so small that the few profiles of a simulation lie in many, and come to the highest level. */
function mergeRules({ rules }: Stage, random: SeededRandom): Partial<MergeRules> {
  const hourMs = 30_000 * (1 + random.integer(3));
  return {
    blocksPerMerge: 2 + random.integer(2),
    hourMs,
    dayMs: 4 * hourMs,
    spanHours: random.pick([1, 2, 4]),
    smallSpanBytes: random.integer(20_000),
    graceMs: random.integer(60_000),
    windowsMax: 1 + random.integer(3),
    ownBlockBytes: random.integer(10_000),
    smallBlocksMax: 2,
    identityWindowMs: identityWindowMs(rules),
    memoryBytes: 1 + random.integer(100_000),
  };
}

const snapshots = new WeakMap<SimulatedProcess, PartitionSnapshot>();

/** One query for everything, planned again once when an object is missing. */
export async function query(stage: Stage, process: SimulatedProcess, store: ObjectStore): Promise<string> {
  const { root, observer, keepMs } = stage;
  for (let attempt = 0; attempt < 2; attempt++) {
    const beganMs = process.clock.monotonicMs();
    const chainEnd = observer.chainEnd;
    const snapshot = await takePartitionSnapshot(store, root, snapshots.get(process));
    snapshots.set(process, snapshot);
    if (snapshot.next < chainEnd) {
      throw new Violation(
        'STALE',
        `an answer ends at ${snapshot.next}, the chain was at ${chainEnd} before it was asked`,
      );
    }
    try {
      await readAnswer(stage, process, store, snapshot);
      return 'answer';
    } catch (error) {
      if (!isMissingObject(error)) throw error;
      const ageMs = process.clock.monotonicMs() - beganMs;
      if (ageMs < keepMs) throw new Violation('MISS', `a query misses an object after ${ageMs} ms`, { cause: error });
    }
  }
  return 'missing object';
}

/** Reads all that a snapshot names and compares it with the truth. `not_found` when an object is gone. */
export async function readAnswer(
  stage: Stage,
  process: SimulatedProcess,
  store: ObjectStore,
  { manifest: newest, segments, next }: PartitionSnapshot,
): Promise<void> {
  const manifest = await withBlocks(store, newest);
  const parts: Rows[] = [];
  const expireBefore = expiryOf(stage, process.clock);
  for (const entry of manifest.blocks) {
    const keep = rowsOfBlock(manifest, entry, expireBefore);
    parts.push(await stage.readRows(await openBlock(objectSource(store, entry)), keep));
  }
  for (const segment of segments) {
    const keep = rowsOfSegment(manifest, segment);
    parts.push(await stage.readRows(await openSegment(store, segment), keep));
  }
  const found = new Map<string, bigint>();
  for (const rows of parts) {
    for (const [row, total] of rows) {
      if (found.has(row))
        throw new Violation('COUNT', `${process.name} counts ${row} twice in an answer up to ${next}`);
      found.set(row, total);
    }
  }
  const difference = rowsDiffer(found, stage.truth.rowsAt(manifest.version, next), stage.truth.mayLack);
  if (difference !== undefined)
    throw new Violation('COUNT', `an answer of version ${manifest.version} up to ${next} ${difference}`);
}

/** What is expired by a process's clock. */
function expiryOf({ retentionMs }: Stage, clock: Clock): ExpireBefore {
  const beforeMs = clock.nowMs() - (retentionMs ?? Number.POSITIVE_INFINITY);
  return () => beforeMs;
}

/** Drops or writes anew what holds expired or deleted profiles. */
export function expireSome(
  stage: Stage,
  { clock, random }: SimulatedProcess,
  store: ObjectStore,
  rewriteAfterMs: number,
): Promise<ExpireOutcome> {
  const windowMs = identityWindowMs(stage.rules);
  const expireBefore = expiryOf(stage, clock);
  return expireOnce({ store, root: stage.root, random, expireBefore, identityWindowMs: windowMs, rewriteAfterMs });
}

/** Deletes what a service has up to now. What the truth is told before is true once the change is committed. */
export async function deleteService(
  stage: Stage,
  { clock, random }: SimulatedProcess,
  store: ObjectStore,
): Promise<string> {
  const { root, truth, deletedService: service } = stage;
  const { next: chainEnd } = await takePartitionSnapshot(store, root);
  const [changeId, id] = [random.bytes(16), random.bytes(16)].map((bytes) => Buffer.from(bytes).toString('hex'));
  const untilMs = clock.nowMs();
  truth.expectDelete({ changeId, service, untilMs, chainEnd });
  const selector = formatSelector([{ name: LABEL.serviceName, op: '=', value: service }]);
  const pending = { id, tenant: 'anonymous', selector, fromMs: 0, untilMs, chainEnd };
  return `delete ${(await commitChange(store, root, { kind: 'delete', id: changeId, pending })).outcome}`;
}

function isUnavailable(error: unknown): boolean {
  return error instanceof FlamelakeError && error.code === 'unavailable';
}

function isAborted(error: unknown): boolean {
  return error instanceof FlamelakeError && error.code === 'aborted';
}
