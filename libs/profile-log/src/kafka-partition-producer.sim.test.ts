/** The producer of a partition against a model of its leader that loses requests, answers and its memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlamelakeError } from '@flamelake/model';
import { createMetrics } from '@flamelake/runtime';
import { createSimulation, type SeededRandom } from '@flamelake/testkit';
import type { KafkaCluster } from './kafka-cluster.ts';
import { KAFKA } from './kafka-error.ts';
import { createPartitionLeaders } from './kafka-leaders.ts';
import { declareKafkaMetrics } from './kafka-metrics.ts';
import { createPartitionProducer } from './kafka-partition-producer.ts';
import type { ProduceAnswer } from './kafka-produce.ts';
import { readRecordBatches } from './kafka-record-batch.ts';

const APPEND_TIMEOUT_MS = 15_000;
const APPENDS = 300;
const NOT_LEADER = 6;
const TOPIC = { id: 'a'.repeat(32), partitions: [{ leader: 1, leaderEpoch: 0, replicas: 3 }] };

/** Appends as a leader does: a batch it has already is answered again, one with a gap before it refused (KIP-98). */
function createLeader() {
  const values: string[] = [];
  let silentUntilMs = 0;
  const sessions = new Map<bigint, { next: number; batches: Map<number, number> }>();
  return {
    values,
    isSilent: (nowMs: number) => nowMs < silentUntilMs,
    fallSilent(untilMs: number) {
      silentUntilMs = untilMs;
    },
    /** Forgets producers, as a leader does after a day (`producer.id.expiration.ms`): never what was sent just now. */
    forgetOthers(batch: Buffer) {
      const session = sessions.get(batch.readBigInt64BE(43));
      if (session?.batches.has(batch.readInt32BE(53)) !== true) sessions.clear();
    },
    append(batch: Buffer, nowMs: number): ProduceAnswer {
      const producerId = batch.readBigInt64BE(43);
      const sequence = batch.readInt32BE(53);
      const known = sessions.get(producerId);
      const session = known ?? { next: 0, batches: new Map<number, number>() };
      const answer = (baseOffset: number) => ({ kafkaCode: KAFKA.none, baseOffset, appendMs: nowMs });
      const earlier = session.batches.get(sequence);
      if (earlier !== undefined) return answer(earlier);
      if (sequence !== session.next) return { kafkaCode: KAFKA.outOfOrderSequence, baseOffset: -1, appendMs: -1 };
      const baseOffset = values.length;
      readRecordBatches(batch, ({ value }) => values.push(Buffer.from(value).toString()) > 0);
      session.batches.set(sequence, baseOffset);
      session.next += values.length - baseOffset;
      sessions.set(producerId, session);
      return answer(baseOffset);
    },
  };
}

/** What becomes of one request: the chances of a bad day. */
function produceOn(leader: ReturnType<typeof createLeader>, random: SeededRandom, batch: Buffer, nowMs: number) {
  const refuse = (kafkaCode: number) => ({ kafkaCode, baseOffset: -1, appendMs: -1 });
  const silence = () => new FlamelakeError('unavailable', 'no answer', { isSent: true });
  const dice = random.fraction();
  if (dice < 0.08) throw silence();
  if (dice < 0.16 || leader.isSilent(nowMs)) {
    leader.append(batch, nowMs);
    throw silence();
  }
  if (dice < 0.22) return refuse(NOT_LEADER);
  if (dice < 0.26) return refuse(19);
  if (dice < 0.3) {
    leader.append(batch, nowMs);
    return refuse(KAFKA.notEnoughReplicasAfterAppend);
  }
  if (dice < 0.32) leader.forgetOthers(batch);
  if (dice > 0.99) leader.fallSilent(nowMs + random.fraction() * 3 * APPEND_TIMEOUT_MS);
  return leader.append(batch, nowMs);
}

async function runDay(seed: number): Promise<{ acknowledged: number; failed: number; batches: number }> {
  const simulation = createSimulation(seed);
  const process = simulation.process('distributor');
  const { clock } = process;
  const leader = createLeader();
  let producerIds = 0n;
  let batches = 0;
  let queueBytes = 0;
  const cluster = {
    topic: TOPIC,
    refresh: () => process.request({ label: 'metadata', effect: () => TOPIC }),
    addressOf: () => ({ host: 'leader', port: 1 }),
  } satisfies Partial<KafkaCluster> as unknown as KafkaCluster;
  const metrics = declareKafkaMetrics(createMetrics(), { queueBytes: () => queueBytes, lag: () => [] });
  const producer = createPartitionProducer({
    clock,
    topic: 't',
    topicId: TOPIC.id,
    partition: 0,
    leaders: createPartitionLeaders({ cluster, clock, topic: 't', topicId: TOPIC.id }),
    metrics,
    produce: (_address, { batch }) =>
      process.request({
        label: 'produce',
        effect: () => {
          batches++;
          return produceOn(leader, simulation.random, batch, simulation.nowMs());
        },
      }),
    newSession: () =>
      process.request({ label: 'producer id', effect: () => ({ producerId: producerIds++, producerEpoch: 0 }) }),
    onSettled: (bytes) => {
      queueBytes -= bytes;
    },
    appendTimeoutMs: APPEND_TIMEOUT_MS,
    requestTimeoutMs: 5_000,
    batchBytesMax: 400,
  });

  const acknowledged = new Map<string, number>();
  let failed = 0;
  const append = async (value: string) => {
    const startMs = clock.monotonicMs();
    queueBytes += value.length;
    try {
      const { offset, appendMs } = await producer.append(Buffer.from(value));
      acknowledged.set(value, offset);
      assert.ok(appendMs > 0);
    } catch (error) {
      assert.ok(error instanceof FlamelakeError && error.code === 'unavailable', String(error));
      failed++;
    }
    assert.ok(clock.monotonicMs() - startMs <= APPEND_TIMEOUT_MS + 1_000, 'settled in time');
  };
  process.spawn(async () => {
    const appends: Promise<void>[] = [];
    for (let i = 0; i < APPENDS; i++) {
      appends.push(append(`value ${i}`));
      if (simulation.random.fraction() < 0.3) await clock.sleep(simulation.random.fraction() * 200);
    }
    await Promise.all(appends);
  });
  await simulation.run(() => process.tasksRunning === 0);
  assert.deepEqual(process.failures, []);
  for (const [value, offset] of acknowledged) assert.equal(leader.values[offset], value);
  assert.equal(new Set(leader.values).size, leader.values.length, 'no value is there twice');
  assert.equal(acknowledged.size + failed, APPENDS);
  assert.equal(queueBytes, 0);
  return { acknowledged: acknowledged.size, failed, batches };
}

test('what is acknowledged is where it is said to be, and nothing is there twice', async () => {
  const total = { acknowledged: 0, failed: 0, batches: 0 };
  for (let seed = 1; seed <= 25; seed++) {
    try {
      const day = await runDay(seed);
      for (const name of ['acknowledged', 'failed', 'batches'] as const) total[name] += day[name];
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  // The days were bad enough, and not too bad, to show anything.
  assert.ok(total.failed > 0 && total.acknowledged > total.failed * 2, JSON.stringify(total));
  assert.ok(total.batches < total.acknowledged, 'appends under way together share batches');
});
