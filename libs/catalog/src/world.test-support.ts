/** A small world for tests: a clock that moves by hand, a store whose requests can be met, a log, and writers that run until there is no more to write. */
import { type BlockReader, objectSource, openBlock } from '@flamelake/block';
import { encodeLogRecord, type ProfileRecord } from '@flamelake/formats';
import {
  type Clock,
  FlamelakeError,
  type LogRecord,
  type ObjectStore,
  type ProfileLog,
  type Random,
} from '@flamelake/model';
import { createMemoryStore } from '@flamelake/object-store';
import {
  createSeededRandom,
  identityText,
  naiveRows,
  randomProfileRecord,
  type SeededRandom,
} from '@flamelake/testkit';
import { type ChainWriterCount, type ChainWriterHealth, createChainWriter } from './chain-writer.ts';
import { openSegment } from './follow-chain.ts';
import { plannedBlocks } from './load-blocks.ts';
import { takeSnapshot } from './take-snapshot.ts';
import type { PartitionRoot, Snapshot } from './types.ts';

export const START_MS = Date.UTC(2026, 0, 15, 12);
export const RULES = { ingestionWindowMs: 3_600_000 };

export interface TestClock extends Clock {
  advance(ms: number): void;
  /** Called at each sleep. */
  onSleep: (ms: number) => void;
}

export function createTestClock(): TestClock {
  let nowMs = START_MS;
  const clock: TestClock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs - START_MS,
    sleep(ms) {
      nowMs += ms;
      clock.onSleep(ms);
      return Promise.resolve();
    },
    advance(ms) {
      nowMs += ms;
    },
    onSleep: () => undefined,
  };
  return clock;
}

export type Fate = 'done' | 'refused' | 'answerLost' | 'stillUnderWay';

interface Meeting {
  readonly request: keyof ObjectStore;
  readonly key: string;
  readonly act: () => Fate | undefined | Promise<Fate | undefined>;
}

export interface TestStore extends ObjectStore {
  /** Once, before the next such request whose key holds `key`: what else happens first, and the fate of a put. */
  meet(request: keyof ObjectStore, key: string, act: Meeting['act']): void;
  /** Puts that were said to be still under way; calling one lets it land. */
  readonly underWay: (() => Promise<unknown>)[];
  /** Every request, as `get key`. */
  readonly requests: string[];
  /** The store itself. */
  readonly inner: ObjectStore;
}

export function createTestStore(clock: Clock): TestStore {
  const inner = createMemoryStore({ clock });
  const meetings: Meeting[] = [];
  const underWay: (() => Promise<unknown>)[] = [];
  const requests: string[] = [];
  async function fateOf(request: keyof ObjectStore, key: string): Promise<Fate> {
    requests.push(`${request} ${key}`);
    const at = meetings.findIndex((meeting) => meeting.request === request && key.includes(meeting.key));
    return (at < 0 ? undefined : await meetings.splice(at, 1)[0]?.act()) ?? 'done';
  }
  async function put<T>(request: 'put' | 'putIfAbsent', key: string, write: () => Promise<T>): Promise<T> {
    const fate = await fateOf(request, key);
    if (fate === 'done') return write();
    if (fate === 'answerLost') await write();
    if (fate === 'stillUnderWay') underWay.push(write);
    throw new FlamelakeError('unavailable', 'object store did not answer');
  }
  return {
    putIfAbsent: (key, body) => put('putIfAbsent', key, () => inner.putIfAbsent(key, body)),
    put: (key, body) => put('put', key, () => inner.put(key, body)),
    async get(key, range, signal) {
      if ((await fateOf('get', key)) !== 'done') throw new FlamelakeError('unavailable', 'object store did not answer');
      return inner.get(key, range, signal);
    },
    async list(prefix, options) {
      await fateOf('list', prefix);
      return inner.list(prefix, options);
    },
    listFolders: (prefix) => inner.listFolders(prefix),
    async delete(keys) {
      await fateOf('delete', keys.join(' '));
      await inner.delete(keys);
    },
    nowMs: () => inner.nowMs(),
    close: () => inner.close(),
    meet: (request, key, act) => meetings.push({ request, key, act }),
    underWay,
    requests,
    inner,
  };
}

export interface TestLog extends ProfileLog {
  readonly records: LogRecord[];
  start: number;
  /** Appends profiles as one record, at the clock's time. */
  push(...profiles: readonly ProfileRecord[]): LogRecord;
  pushBytes(value: Uint8Array): LogRecord;
  /** Told when a reader finds nothing. */
  onIdle: () => void;
}

export function createTestLog(clock: TestClock, id = 'log1'): TestLog {
  const records: LogRecord[] = [];
  let end = 0;
  const log: TestLog = {
    id,
    partitionCount: 1,
    recordBytesMax: 1_048_576,
    records,
    start: 0,
    onIdle: () => undefined,
    push: (...profiles) => log.pushBytes(encodeLogRecord(profiles)),
    pushBytes(value) {
      const record = { offset: end++, appendMs: clock.nowMs(), value };
      records.push(record);
      return record;
    },
    append: (_, value) => Promise.resolve(log.pushBytes(value)),
    async read(_, fromOffset, { waitMs }) {
      // Lets the test runner interrupt a loop that does not end.
      await new Promise((resolve) => setImmediate(resolve));
      const logEnd = Math.max(log.start, (records.at(-1)?.offset ?? -1) + 1);
      if (fromOffset < log.start || fromOffset > logEnd) {
        throw new FlamelakeError('out_of_range', 'offset is not in the log', { fromOffset });
      }
      const found = records.filter((record) => record.offset >= fromOffset);
      if (found.length === 0) {
        clock.advance(waitMs);
        log.onIdle();
      }
      return found;
    },
    bounds: () => Promise.resolve({ start: log.start, end: Math.max(log.start, (records.at(-1)?.offset ?? -1) + 1) }),
    trim(_, beforeOffset) {
      log.start = Math.max(log.start, beforeOffset);
      while (records[0] !== undefined && records[0].offset < beforeOffset) records.shift();
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
  return log;
}

export interface World {
  readonly clock: TestClock;
  readonly store: TestStore;
  readonly log: TestLog;
  readonly random: SeededRandom;
  readonly root: PartitionRoot;
  /** A new profile, at the clock's time. */
  profile(change?: Partial<ProfileRecord>): ProfileRecord;
}

export function createWorld(seed = 1): World {
  const clock = createTestClock();
  const log = createTestLog(clock);
  const random = createSeededRandom(seed);
  return {
    clock,
    log,
    random,
    store: createTestStore(clock),
    root: { logId: log.id, partition: 0 },
    profile: (change = {}) => ({
      ...randomProfileRecord(random, {
        timeMs: clock.nowMs(),
        functionsMax: 3,
        stacksMax: 2,
        depthMax: 2,
        groupsMax: 1,
      }),
      ...change,
    }),
  };
}

export interface TestWriter {
  readonly counts: Map<ChainWriterCount, number>;
  readonly failures: string[];
  health(): ChainWriterHealth;
  /** Runs until the chain has all of the log, or the writer has stopped, or it has failed twenty times. */
  run(until?: () => boolean): Promise<void>;
}

export function createTestWriter(
  world: World,
  options: { log?: TestLog; store?: ObjectStore; random?: Random; segmentBytes?: number } = {},
): TestWriter {
  const { log = world.log, store = world.store, random = world.random } = options;
  const counts = new Map<ChainWriterCount, number>();
  const failures: string[] = [];
  const writer = createChainWriter({
    store,
    log,
    partition: 0,
    clock: world.clock,
    random,
    rules: RULES,
    flushIntervalMs: 500,
    ...(options.segmentBytes !== undefined && { segmentBytes: options.segmentBytes }),
    observer: {
      count: (what, amount) => counts.set(what, (counts.get(what) ?? 0) + amount),
      failure: (message, error) => failures.push(`${message}: ${String(error)}`),
    },
  });
  return {
    counts,
    failures,
    health: () => writer.health(),
    async run(until) {
      const controller = new AbortController();
      const isDone = until ?? (() => writer.health().position === (log.records.at(-1)?.offset ?? -1) + 1);
      // A writer that runs in the midst of another's request gives its ears back.
      const before = { onIdle: log.onIdle, onSleep: world.clock.onSleep };
      let sleeps = 0;
      let idles = 0;
      log.onIdle = () => {
        if (isDone() || ++idles >= 100) controller.abort();
      };
      world.clock.onSleep = () => {
        if (++sleeps >= 20) controller.abort();
      };
      await writer.run(controller.signal);
      log.onIdle = before.onIdle;
      world.clock.onSleep = before.onSleep;
    },
  };
}

/** Sum of all values by identity, as all blocks and segments of a snapshot hold them. */
export async function totalsOf(store: ObjectStore, snapshot: Snapshot): Promise<Map<string, bigint>> {
  const totals = new Map<string, bigint>();
  for (const { manifest, segments } of snapshot.partitions) {
    for (const entry of await plannedBlocks(store, manifest))
      await addTotals(totals, await openBlock(objectSource(store, entry)));
    for (const segment of segments) await addTotals(totals, await openSegment(store, segment));
  }
  return totals;
}

/** The same of everything stored now. */
export async function storedTotals(store: ObjectStore): Promise<Map<string, bigint>> {
  return totalsOf(store, await takeSnapshot(store));
}

/** What the totals must be when each of these profiles counts once. */
export function expectedTotals(profiles: Iterable<ProfileRecord>): Map<string, bigint> {
  const totals = new Map<string, bigint>();
  for (const profile of profiles) {
    let sum = 0n;
    for (const row of naiveRows(profile)) for (const value of row.stacks.values()) sum += value;
    totals.set(identityText(profile.identity), sum);
  }
  return totals;
}

async function addTotals(totals: Map<string, bigint>, block: BlockReader): Promise<void> {
  const { ids } = await block.identities();
  for (let index = 0; index < block.info.datasets.length; index++) {
    const { count, identity, total } = await block.dataset(index).profiles();
    for (let row = 0; row < count; row++) {
      const at = (identity[row] ?? 0) * 16;
      const name = identityText(ids.subarray(at, at + 16));
      totals.set(name, (totals.get(name) ?? 0n) + (total[row] ?? 0n));
    }
  }
}
