/** What only several brokers and several processes show: a leader that dies, and who writes which partition. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FlamelakeError } from '@flamelake/model';
import { createPartitionAssignment, openKafkaLog, type PartitionAssignment } from '@flamelake/profile-log/kafka';
import { systemClock, systemRandom } from '@flamelake/runtime';
import { Admin } from '@platformatic/kafka';
import { installKafka, type KafkaServer, startKafka } from './components/kafka.ts';
import { readRecords } from './profile-log.contract.ts';

const installed = await installKafka();
const PARTITIONS = 16;
const SESSION_TIMEOUT_MS = 6_000;
const TOPIC = 'profiles';
const TIMEOUT = { timeout: 120_000 };
let kafka: KafkaServer;
/** A member since before any broker died: its group's coordinator may be the one. */
let first: PartitionAssignment;
before(async () => {
  if (installed.skip !== undefined) return;
  kafka = await startKafka(installed.path, 3);
  await (await openLog()).close();
  first = join('first');
  await shared([first.assigned], [PARTITIONS]);
}, TIMEOUT);
after(async () => {
  await first?.close();
  await kafka?.stop();
});

const ports = () => ({ clock: systemClock, random: systemRandom, brokers: kafka.addresses });
const openLog = () => openKafkaLog({ ...ports(), topic: TOPIC, partitionCount: PARTITIONS });

/** Every change of who has what, with its time. */
interface Change {
  readonly atMs: number;
  readonly member: string;
  readonly partitions: readonly number[];
}
const changes: Change[] = [];
const note = (member: string) => (partitions: readonly number[]) =>
  void changes.push({ atMs: performance.now(), member, partitions });

function join(member: string): PartitionAssignment {
  const options = { ...ports(), topic: TOPIC, partitionCount: PARTITIONS, sessionTimeoutMs: SESSION_TIMEOUT_MS };
  const assignment = createPartitionAssignment(options);
  assignment.onChange(note(member));
  return assignment;
}

/** Resolves when the members have these many partitions, no two the same one. Who has the odd one is the group's to say. */
async function shared(members: readonly (() => readonly number[])[], counts: readonly number[]): Promise<void> {
  for (;;) {
    const shares = members.map((assigned) => assigned());
    const found = shares.map(({ length }) => length).sort((one, other) => other - one);
    const isRight = found.join() === counts.join();
    if (isRight && new Set(shares.flat()).size === shares.flat().length) return;
    await sleep(10);
  }
}

/** Longest time from `sinceMs` on in which a partition had no owner. */
function longestPauseMs(sinceMs: number, before: ReadonlyMap<string, readonly number[]>): number {
  const owned = new Map(before);
  const ownerless = new Map<number, number>();
  let longest = 0;
  for (const { atMs, member, partitions } of changes.filter((change) => change.atMs >= sinceMs)) {
    const had = owned.get(member) ?? [];
    owned.set(member, partitions);
    const all = new Set([...owned.values()].flat());
    for (const partition of had) if (!all.has(partition)) ownerless.set(partition, atMs);
    for (const partition of partitions) {
      longest = Math.max(longest, atMs - (ownerless.get(partition) ?? atMs));
      ownerless.delete(partition);
    }
  }
  assert.equal(ownerless.size, 0);
  return longest;
}

describe('a cluster of Kafka', { skip: installed.skip ?? false }, () => {
  test('a leader killed during appends loses nothing acknowledged and doubles nothing', TIMEOUT, async (t) => {
    const log = await openLog();
    const acknowledged = new Map<number, string>();
    let failures = 0;
    let slowestMs = 0;
    const appendFor = async (name: string, isOver: () => boolean) => {
      let last = -1;
      for (let i = 0; !isOver(); i++) {
        const value = `${name} ${i}`;
        const started = performance.now();
        try {
          const { offset } = await log.append(0, Buffer.from(value));
          assert.ok(offset > last, 'offsets of one appender grow');
          last = offset;
          assert.ok(!acknowledged.has(offset), 'an offset is given once');
          acknowledged.set(offset, value);
        } catch (error) {
          assert.ok(error instanceof FlamelakeError && error.code === 'unavailable', String(error));
          failures++;
        }
        slowestMs = Math.max(slowestMs, performance.now() - started);
      }
    };
    let target = Number.POSITIVE_INFINITY;
    const appenders = Promise.all(
      Array.from({ length: 8 }, (_, i) => appendFor(`${i}`, () => acknowledged.size > target)),
    );
    while (acknowledged.size < 500) await sleep(5);
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [...kafka.addresses] });
    const metadata = await admin.metadata({ topics: [TOPIC] });
    await admin.close();
    const leader = metadata.topics.get(TOPIC)?.partitions[0]?.leader ?? 0;
    await kafka.brokers[leader - 1]?.kill();
    target = acknowledged.size + 500;
    await appenders;
    const { end } = await log.bounds(0);
    const records = await readRecords(log, 0, end);
    assert.deepEqual(
      records.map(({ offset }) => offset),
      Array.from({ length: end }, (_, i) => i),
    );
    const values = records.map(({ value }) => Buffer.from(value).toString());
    for (const [offset, value] of acknowledged) assert.equal(values[offset], value);
    assert.equal(new Set(values).size, values.length);
    assert.ok(slowestMs < 20_000);
    t.diagnostic(`slowest append ${Math.round(slowestMs)} ms, ${failures} not acknowledged, ${values.length} records`);
    await log.close();
  });

  test('partitions are shared evenly; only those that move are paused, and not for long', TIMEOUT, async (t) => {
    const a = first;
    // The dead broker took nothing away.
    assert.equal(changes.length, 1);
    const before = new Map([['first', a.assigned()]]);
    const joinedMs = performance.now();
    const b = join('second');
    await shared([a.assigned, b.assigned], [8, 8]);
    t.diagnostic(`two share after ${Math.round(performance.now() - joinedMs)} ms`);
    const pauseMs = longestPauseMs(joinedMs, before);
    assert.ok(pauseMs <= 5_000, `${pauseMs} ms`);
    t.diagnostic(`longest pause of a partition that moved: ${Math.round(pauseMs)} ms`);
    // What stayed was never taken: the first had one change, to half of what it had.
    assert.deepEqual(
      changes.filter(({ member, atMs }) => member === 'first' && atMs >= joinedMs).map(({ partitions }) => partitions),
      [a.assigned()],
    );

    const child = spawnMember();
    await shared([a.assigned, b.assigned, child.assigned], [6, 5, 5]).finally(() => child.process.kill('SIGKILL'));
    const killedMs = performance.now();
    await shared([a.assigned, b.assigned], [8, 8]);
    const tookMs = performance.now() - killedMs;
    t.diagnostic(`partitions of a killed process have owners after ${Math.round(tookMs)} ms`);
    assert.ok(tookMs < SESSION_TIMEOUT_MS + 5_000, `${tookMs} ms`);

    a.commitLag(a.assigned()[0] ?? 0, 5);
    const leftMs = performance.now();
    await a.close();
    await shared([b.assigned], [PARTITIONS]);
    const leaveMs = performance.now() - leftMs;
    t.diagnostic(`partitions of one that leaves have owners after ${Math.round(leaveMs)} ms`);
    assert.ok(leaveMs < 5_000, `${leaveMs} ms`);
    assert.deepEqual(await committed(), [5n]);
    await b.close();
  });
});

/** Offsets on record in the group. */
async function committed(): Promise<bigint[]> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [...kafka.addresses] });
  const groups = await admin.listConsumerGroupOffsets({ groups: [`${TOPIC}-segment-writer`] });
  await admin.close();
  return groups.flatMap(({ topics }) =>
    topics.flatMap(({ partitions }) => partitions.map(({ committedOffset }) => committedOffset)),
  );
}

function spawnMember(): { readonly process: ChildProcess; readonly assigned: () => readonly number[] } {
  const program = new URL('./kafka-member.test-support.ts', import.meta.url).pathname;
  const words = [program, kafka.addresses.join(','), TOPIC, String(PARTITIONS), String(SESSION_TIMEOUT_MS)];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  let assigned: readonly number[] = [];
  child.stdout.on('data', (chunk) => {
    for (const line of String(chunk).trim().split('\n')) assigned = JSON.parse(line) as readonly number[];
  });
  void once(child, 'exit');
  return { process: child, assigned: () => assigned };
}
