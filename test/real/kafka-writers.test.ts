/** Segment-writers that share a topic: partitions move from one to the other while records come, and each counts once. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { takeSnapshot } from '@flamelake/catalog';
import { encodeLogRecord } from '@flamelake/formats';
import type { ObjectStore, ProfileLog } from '@flamelake/model';
import { createMemoryStore } from '@flamelake/object-store';
import { createPartitionAssignment, openKafkaLog } from '@flamelake/profile-log/kafka';
import { createLogger, createMetrics, systemClock, systemRandom } from '@flamelake/runtime';
import { createSegmentWriter } from '@flamelake/segment-writer';
import { createSeededRandom, randomProfileRecord } from '@flamelake/testkit';
import { installKafka, type KafkaServer, startKafka } from './components/kafka.ts';

const installed = await installKafka();
const PARTITIONS = 8;
const TOPIC = 'profiles';
const FLUSH_INTERVAL_MS = 250;
const TIMEOUT = { timeout: 120_000 };
let kafka: KafkaServer;
before(async () => {
  if (installed.skip === undefined) kafka = await startKafka(installed.path, 1);
}, TIMEOUT);
after(() => kafka?.stop());

const ports = () => ({ clock: systemClock, random: systemRandom, brokers: kafka.addresses });
const openLog = () =>
  openKafkaLog({
    ...ports(),
    topic: TOPIC,
    partitionCount: PARTITIONS,
    replicationFactor: 1,
    minInsyncReplicas: 1,
  });

/** A writer as a process has it: a log and a membership of its own. */
async function startWriter(store: ObjectStore) {
  const log = await openLog();
  const logger = createLogger({ level: 'silent' });
  const metrics = createMetrics();
  const common = { store, log, clock: systemClock, random: systemRandom, logger, metrics };
  const writer = createSegmentWriter({ ...common, partitions: [], flushIntervalMs: FLUSH_INTERVAL_MS });
  const ending = new AbortController();
  const running = writer.run(ending.signal);
  const assignment = createPartitionAssignment({ ...ports(), topic: TOPIC, partitionCount: PARTITIONS });
  assignment.onChange((partitions) => void writer.assign(partitions));
  return {
    partitions: () => assignment.assigned(),
    /** Profiles it has put into chains. */
    async profiles() {
      const lines = (await metrics.text()).matchAll(/^flamelake_segment_writer_profiles_total\{.*\} (\d+)$/gm);
      return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
    },
    async stop() {
      ending.abort();
      await running;
      await assignment.close();
      await log.close();
    },
  };
}

/** Where each chain ends. */
async function chainEnds(store: ObjectStore): Promise<ReadonlyMap<number, number>> {
  const { partitions } = await takeSnapshot(store);
  return new Map(partitions.map(({ root, next }) => [root.partition, next]));
}

/** Appends a record to each partition in turn until stopped; by partition, when each record was acknowledged. */
function appendSteadily(log: ProfileLog, isOver: () => boolean) {
  const random = createSeededRandom(7);
  const acknowledged = Array.from({ length: PARTITIONS }, (): number[] => []);
  const done = (async () => {
    for (let i = 0; !isOver(); i++) {
      const partition = i % PARTITIONS;
      const record = encodeLogRecord([randomProfileRecord(random, { timeMs: systemClock.nowMs() })]);
      const { offset } = await log.append(partition, record);
      const times = acknowledged[partition] ?? [];
      assert.equal(offset, times.length);
      times.push(performance.now());
      await sleep(5);
    }
  })();
  return { acknowledged, done };
}

describe('segment-writers on Kafka', { skip: installed.skip ?? false }, () => {
  test('partitions move while records come: each counts once, and none waits long', TIMEOUT, async (t) => {
    const store = createMemoryStore({ clock: systemClock });
    const log = await openLog();
    let isOver = false;
    const { acknowledged, done } = appendSteadily(log, () => isOver);

    // How long after its acknowledgement each record is in its chain, by partition.
    const waitsMs = new Map<number, number>();
    const seen = acknowledged.map(() => 0);
    const watch = async () => {
      const ends = await chainEnds(store);
      const nowMs = performance.now();
      for (const [partition, times] of acknowledged.entries()) {
        const end = Math.min(times.length, ends.get(partition) ?? 0);
        for (; (seen[partition] ?? 0) < end; seen[partition] = (seen[partition] ?? 0) + 1) {
          const waitMs = nowMs - (times[seen[partition] ?? 0] ?? nowMs);
          waitsMs.set(partition, Math.max(waitsMs.get(partition) ?? 0, waitMs));
        }
      }
      await sleep(20);
    };
    const until = async (holds: () => boolean) => {
      while (!holds()) await watch();
    };
    const caughtUp = async () => {
      const counts = acknowledged.map(({ length }) => length);
      await until(() => seen.every((count, partition) => count >= (counts[partition] ?? 0)));
    };
    const longestMs = (partitions: readonly number[]) =>
      Math.round(Math.max(...partitions.map((partition) => waitsMs.get(partition) ?? 0)));

    const first = await startWriter(store);
    await until(() => first.partitions().length === PARTITIONS);
    await caughtUp();
    waitsMs.clear();
    const second = await startWriter(store);
    await until(() => second.partitions().length === PARTITIONS / 2);
    await caughtUp();
    const [stayed, moved] = [longestMs(first.partitions()), longestMs(second.partitions())];
    t.diagnostic(`a writer joins: longest wait ${stayed} ms where it stayed, ${moved} ms where it moved`);
    assert.ok(moved < 5_000, `${moved} ms`);

    waitsMs.clear();
    const leaving = first.partitions();
    const kept = second.partitions();
    const stopped = first.stop();
    await until(() => second.partitions().length === PARTITIONS);
    await caughtUp();
    const [others, left] = [longestMs(kept), longestMs(leaving)];
    t.diagnostic(`a writer leaves: longest wait ${others} ms where it stayed, ${left} ms where it moved`);
    assert.ok(left < 5_000, `${left} ms`);
    await stopped;

    isOver = true;
    await done;
    await caughtUp();
    await second.stop();
    const counts = acknowledged.map(({ length }) => length);
    assert.deepEqual(await chainEnds(store), new Map(counts.entries()));
    const profiles = (await first.profiles()) + (await second.profiles());
    assert.equal(
      profiles,
      counts.reduce((sum, count) => sum + count, 0),
    );
    await log.close();
  });
});
