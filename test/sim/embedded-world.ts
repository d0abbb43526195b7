/**
 * The embedded server without its edges: local log, store in a directory, segment-writer and compactor in one process on a file
 * system that forgets, killed or cut from power at any moment and started again. Clients send again what was not acknowledged.
 */
import { objectSource, openBlock } from '@flamelake/block';
import { followChain, isMissingObject, newestManifest, openSegment, takeSnapshot } from '@flamelake/catalog';
import { createCompactor } from '@flamelake/compactor';
import { encodeLogRecord, type ProfileRecord } from '@flamelake/formats';
import type { ObjectStore, ProfileLog } from '@flamelake/model';
import { createFileStore } from '@flamelake/object-store';
import { openFileLog } from '@flamelake/profile-log';
import { createLogger, createMetrics } from '@flamelake/runtime';
import { createSegmentWriter } from '@flamelake/segment-writer';
import {
  createLossyFileSystem,
  createSimulation,
  identityText,
  randomProfileRecord,
  type SimulatedProcess,
} from '@flamelake/testkit';
import { createRowReader } from './block-rows.ts';
import { recordRows } from './log-truth.ts';
import { Violation } from './violation.ts';

/** What an acknowledgement said. */
interface Acknowledged {
  readonly logId: string;
  readonly offset: number;
}

/** Runs one seed. @returns what happened, counted */
export async function runEmbedded(seed: number): Promise<ReadonlyMap<string, number>> {
  const simulation = createSimulation(`embedded ${seed}`, { stepMsMax: 3 });
  const { random } = simulation;
  const disk = createLossyFileSystem(`${seed}/disk`, simulation.nowMs);
  const logger = createLogger({ level: 'silent' });
  const readRows = createRowReader();
  const sent: ProfileRecord[] = [];
  const acknowledged = new Map<string, Acknowledged>();
  const counts = new Map<string, number>();
  const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
  let current: ProfileLog | undefined;
  let violation: unknown;

  /** Rows of everything, from one snapshot; checked against what was acknowledged. */
  async function check(store: ObjectStore, isLast: boolean): Promise<void> {
    const promised = new Map(acknowledged);
    const { partitions } = await takeSnapshot(store);
    const found = new Map<string, bigint>();
    for (const { manifest, segments } of partitions) {
      const blocks = manifest.blocks.map((entry) => openBlock(objectSource(store, entry)));
      for (const block of await Promise.all([...blocks, ...segments.map((segment) => openSegment(store, segment))])) {
        for (const [row, total] of await readRows(block)) {
          if (found.has(row)) throw new Violation('DOUBLE', `${row} is counted twice`);
          found.set(row, total);
        }
      }
    }
    for (const profile of sent) {
      const identity = identityText(profile.identity);
      const place = promised.get(identity);
      const isCovered =
        place !== undefined && partitions.some(({ root, next }) => root.logId === place.logId && place.offset < next);
      if (isLast && place !== undefined && !isCovered)
        throw new Violation('STUCK', `${identity} is acknowledged and not written`);
      for (const [row, total] of recordRows(profile)) {
        const value = found.get(row);
        if (value === undefined && isCovered) throw new Violation('COUNT', `${row} is acknowledged and not counted`);
        if (value !== undefined && value !== total)
          throw new Violation('COUNT', `${row} counts ${value}, not ${total}`);
        found.delete(row);
      }
    }
    if (found.size > 0) throw new Violation('COUNT', 'something counts that nobody sent');
    count('checks');
  }

  async function live(process: SimulatedProcess): Promise<void> {
    const fileSystem = disk.mount(process);
    const { clock, random } = process;
    const store = await createFileStore({ directory: '/data/objects', fileSystem, clock, random });
    const log = await openFileLog({
      directory: '/data/log',
      fileSystem,
      clock,
      random,
      onFatal: () => process.crash(),
      minimumEnd: async (logId) => {
        const root = { logId, partition: 0 };
        let { position: end } = await newestManifest(store, root);
        for await (const { info } of followChain(store, root, end)) end = info.log.next;
        return end;
      },
      fileBytesMax: 1_000,
      diskBytesMax: 1_000_000,
    });
    current = log;
    const { signal } = new AbortController();
    const metrics = createMetrics();
    const roles = { store, clock, random, logger, metrics };
    const writer = createSegmentWriter({ ...roles, log, flushIntervalMs: 50 });
    const compactor = createCompactor({ ...roles, foldIntervalMs: 300, foldSegments: 4, keepMs: 1_000 });
    process.spawn(() => writer.run(signal));
    process.spawn(() => compactor.run(signal));
    for (;;) {
      await clock.sleep(random.integer(2_000));
      await check(store, false).catch((error: unknown) => {
        if (!isMissingObject(error)) violation ??= error;
      });
    }
  }

  /** A client that sends each profile until it is acknowledged. */
  async function send(client: SimulatedProcess, profiles: number): Promise<void> {
    for (let i = 0; i < profiles; i++) {
      await client.clock.sleep(client.random.integer(150));
      const timeMs = client.clock.nowMs();
      const profile = randomProfileRecord(client.random, { timeMs, stacksMax: 2, groupsMax: 1 });
      sent.push(profile);
      const record = encodeLogRecord([profile]);
      for (;;) {
        const log = current;
        const attempt = log?.append(0, record).then(({ offset }) => {
          acknowledged.set(identityText(profile.identity), { logId: log.id, offset });
        });
        if (attempt !== undefined) await Promise.race([attempt.catch(() => undefined), client.clock.sleep(1_000)]);
        if (acknowledged.has(identityText(profile.identity))) break;
        count('sent again');
        await client.clock.sleep(100);
      }
    }
  }

  const clients = ['x', 'y'].map((name) => simulation.process(`client ${name}`));
  for (const client of clients) client.spawn(() => send(client, 30));
  const isServed = () => clients.every((client) => client.tasksRunning === 0);
  for (let life = 1; ; life++) {
    const isLast = life > 4 + random.integer(4);
    const process = simulation.process(`life ${life}`);
    process.spawn(() => live(process));
    const isOver = () => violation !== undefined || process.failures.length > 0 || process.isCrashed;
    await simulation.run(() => isOver() || (isLast && isServed()), {
      stepsMax: isLast ? 200_000 : random.integer(1_500),
    });
    // The last life has time to write, fold and sweep everything.
    if (isLast) await simulation.run(isOver, { forMs: 8_000 });
    if (violation !== undefined) throw violation;
    if (process.failures.length > 0) throw new Violation('FAILURE', process.name, { cause: process.failures[0] });
    process.crash();
    current = undefined;
    count('lives');
    if (isLast) break;
    if (random.chance(0.5)) disk.crash();
    else disk.kill();
  }
  if (!isServed()) throw new Violation('STUCK', 'a client is never acknowledged');
  disk.kill();
  const store = await createFileStore({
    directory: '/data/objects',
    fileSystem: disk.mount(),
    clock: simulation.process('look').clock,
    random,
  });
  await check(store, true);
  return counts.set('acknowledged', acknowledged.size);
}
