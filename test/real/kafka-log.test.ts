import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FlamelakeError, type ProfileLog } from '@flamelake/model';
import { type KafkaLogOptions, type KafkaSaslMechanism, openKafkaLog } from '@flamelake/profile-log/kafka';
import { createMetrics, systemClock, systemRandom } from '@flamelake/runtime';
import { Admin, ConfigResourceTypes, IncrementalAlterConfigOperationTypes } from '@platformatic/kafka';
import { installKafka, KAFKA_PASSWORD, KAFKA_USER, type KafkaServer, startKafka } from './components/kafka.ts';
import { profileLogContract, readRecords } from './profile-log.contract.ts';

const installed = await installKafka();
const skip = installed.skip ?? false;
let kafka: KafkaServer;
let admin: Admin;
let topics = 0;
before(async () => {
  if (installed.skip !== undefined) return;
  kafka = await startKafka(installed.path, 1);
  admin = new Admin({ clientId: 'test', bootstrapBrokers: [...kafka.addresses] });
});
after(async () => {
  if (installed.skip !== undefined) return;
  await admin.close();
  await kafka.stop();
});

const topicName = () => `profiles-${topics}`;
const openLog = (options: Partial<KafkaLogOptions> = {}): Promise<ProfileLog> =>
  openKafkaLog({
    clock: systemClock,
    random: systemRandom,
    brokers: kafka.addresses,
    topic: topicName(),
    partitionCount: 3,
    replicationFactor: 1,
    minInsyncReplicas: 1,
    ...options,
  });
const openNew = (options: Partial<KafkaLogOptions> = {}): Promise<ProfileLog> => {
  topics++;
  return openLog(options);
};
/** A broker tells of changed settings some moments after it took them. */
const openMended = async (): Promise<ProfileLog> => {
  for (;;) {
    try {
      return await openLog();
    } catch (error) {
      if (!hasCode('failed_precondition')(error)) throw error;
      await sleep(20);
    }
  }
};
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined) => Buffer.from(value ?? []).toString();
const hasCode = (code: string) => (error: unknown) => error instanceof FlamelakeError && error.code === code;
const failure = async (work: Promise<unknown>): Promise<FlamelakeError> => {
  const error = await work.then(
    () => assert.fail('nothing failed'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof FlamelakeError, String(error));
  return error;
};
const configure = (settings: ReadonlyMap<string, string>) =>
  admin.incrementalAlterConfigs({
    resources: [
      {
        resourceType: ConfigResourceTypes.TOPIC,
        resourceName: topicName(),
        configs: [...settings].map(([name, value]) => ({
          name,
          value,
          configOperation: IncrementalAlterConfigOperationTypes.SET,
        })),
      },
    ],
  });
const NO_WAIT = { bytesMax: 1_048_576, waitMs: 0 };

profileLogContract('Kafka', {
  ...(installed.skip === undefined ? {} : { skip: installed.skip }),
  create: () => openNew(),
  reopen: () => openLog(),
  partitionCount: 3,
});

describe('a topic of Kafka', { skip }, () => {
  test('one with wrong settings is refused, with every wrong one and the command that mends them', {
    timeout: 60_000,
  }, async () => {
    topics++;
    const configs = [
      ['cleanup.policy', 'compact'],
      ['message.timestamp.type', 'CreateTime'],
      ['retention.ms', '3600000'],
      ['compression.type', 'zstd'],
    ].map(([name = '', value = '']) => ({ name, value }));
    await admin.createTopics({ topics: [topicName()], partitions: 3, replicas: 1, configs });
    const { code, details } = await failure(openLog());
    assert.equal(code, 'failed_precondition');
    assert.equal(
      details.settings,
      'cleanup.policy=compact (must be delete), message.timestamp.type=CreateTime (must be LogAppendTime), ' +
        'compression.type=zstd (must be producer), retention.ms=3600000 (must be at least 86400000), ' +
        'max.message.bytes=1048588 (must be at least 16777216)',
    );
    assert.match(String(details.command), /^kafka-configs\.sh --bootstrap-server \S+ --alter --entity-type topics /);
    const changes = String(details.command).split('--add-config ')[1] ?? '';
    await configure(new Map(changes.split(',').map((change) => change.split('=') as [string, string])));
    await (await openMended()).close();
  });

  test('one with another number of partitions or too few copies is refused', async () => {
    await (await openNew()).close();
    const more = await failure(openLog({ partitionCount: 4 }));
    assert.equal(more.code, 'failed_precondition');
    assert.match(String(more.details.command), /kafka-topics\.sh .* --alter --topic \S+ --partitions 4$/);
    assert.match(String((await failure(openLog({ partitionCount: 2 }))).details.command), /set the option to 3/);
    const copies = await failure(openLog({ replicationFactor: 3 }));
    assert.deepEqual([copies.code, copies.details.value], ['failed_precondition', 1]);
    topics++;
    const missing = await failure(openLog({ replicationFactor: 3 }));
    assert.deepEqual([missing.code, missing.details.kafkaError], ['failed_precondition', 'INVALID_REPLICATION_FACTOR']);
  });

  test('one made anew is another log: nothing of the old one reads it or appends to it', async () => {
    const ends: FlamelakeError[] = [];
    const onFatal = (error: FlamelakeError) => ends.push(error);
    const old = await openNew({ onFatal });
    await old.append(0, bytes('old'));
    await readRecords(old, 0, 1);
    await admin.deleteTopics({ topics: [topicName()] });
    const anew = await openLog();
    assert.notEqual(anew.id, old.id);
    assert.equal((await failure(old.append(0, bytes('lost')))).code, 'failed_precondition');
    assert.equal((await failure(old.read(0, 0, NO_WAIT))).code, 'failed_precondition');
    assert.deepEqual(
      ends.map(({ code, details }) => [code, details.newTopicId]),
      [['failed_precondition', anew.id]],
    );
    assert.deepEqual(await anew.bounds(0), { start: 0, end: 0 });
    await old.close();
    await anew.close();
  });

  test('one that is gone ends the log', async () => {
    let ends = 0;
    const log = await openNew({ onFatal: () => ends++ });
    await admin.deleteTopics({ topics: [topicName()] });
    // A broker may answer some more before it takes the deletion up.
    const appendOnAndOn = async (): Promise<never> => {
      for (;;) await log.append(0, bytes('x'));
    };
    const readOnAndOn = async (): Promise<never> => {
      for (;;) await log.read(1, 0, NO_WAIT);
    };
    const results = await Promise.all([appendOnAndOn(), readOnAndOn()].map((work) => failure(work)));
    assert.deepEqual(
      results.map(({ code }) => code),
      ['failed_precondition', 'failed_precondition'],
    );
    assert.equal(ends, 1);
    await log.close();
  });

  test('one that no longer stamps records takes no appends', async () => {
    const log = await openNew();
    await configure(new Map([['message.timestamp.type', 'CreateTime']]));
    // A broker may stamp some more before it takes the change up.
    const appendOnAndOn = async (): Promise<never> => {
      for (;;) await log.append(0, bytes('x'));
    };
    const { code, details } = await failure(appendOnAndOn());
    assert.deepEqual([code, details.setting], ['failed_precondition', 'message.timestamp.type']);
    await log.close();
  });
});

describe('a profile log in Kafka', { skip }, () => {
  test('records that Kafka has dropped are out of range, and reading jumps nowhere', async () => {
    const log = await openNew();
    for (let i = 0; i < 5; i++) await log.append(0, bytes(`${i}`));
    await admin.deleteRecords({ topics: [{ name: topicName(), partitions: [{ partition: 0, offset: 3n }] }] });
    assert.deepEqual(await log.bounds(0), { start: 3, end: 5 });
    for (const offset of [0, 2, 6]) await assert.rejects(log.read(0, offset, NO_WAIT), hasCode('out_of_range'));
    assert.deepEqual(
      (await log.read(0, 3, NO_WAIT)).map(({ offset, value }) => [offset, text(value)]),
      [
        [3, '3'],
        [4, '4'],
      ],
    );
    await log.close();
  });

  test('a broker that stands still fails appends and lets logs close in time, and holds none twice when it goes on', async () => {
    const log = await openNew({
      appendTimeoutMs: 1_500,
      requestTimeoutMs: 500,
      readTimeoutMs: 1_500,
      queueBytesMax: 100,
    });
    const other = await openLog({ appendTimeoutMs: 1_500, requestTimeoutMs: 500 });
    await log.append(0, bytes('before'));
    await other.bounds(2);
    const [broker] = kafka.brokers;
    await broker?.freeze();
    const started = performance.now();
    try {
      const appends = ['a', 'b'].map((value) => failure(log.append(0, bytes(value))));
      const read = failure(log.read(0, 0, NO_WAIT));
      await assert.rejects(log.append(1, new Uint8Array(100)), hasCode('resource_exhausted'));
      const closed = failure(other.append(2, bytes('closing')));
      await other.close();
      for (const { code } of await Promise.all([...appends, read, closed])) assert.equal(code, 'unavailable');
    } finally {
      broker?.thaw();
    }
    const tookMs = performance.now() - started;
    assert.ok(tookMs < 30_000, `${tookMs} ms`);
    // What was given up may have landed, once.
    const { offset } = await log.append(0, bytes('after'));
    const records = await readRecords(log, 0, offset + 1);
    const values = records.map(({ value }) => text(value));
    assert.equal(new Set(values).size, values.length);
    assert.deepEqual([values[0], values.at(-1)], ['before', 'after']);
    await log.close();
  });

  test('what happens is counted', async () => {
    const metrics = createMetrics();
    const log = await openNew({ metrics });
    for (let i = 0; i < 3; i++) await log.append(2, bytes('x'));
    assert.equal((await log.read(2, 0, { bytesMax: 1, waitMs: 1_000 })).length, 1);
    const lines = (await metrics.text()).split('\n');
    assert.ok(lines.includes('flamelake_kafka_lag_records{partition="2"} 2'));
    assert.ok(lines.includes('flamelake_kafka_produced_records_total 3'));
    assert.ok(lines.includes('flamelake_kafka_produce_seconds_count 3'));
    assert.ok(lines.includes('flamelake_kafka_fetch_seconds_count 1'));
    assert.ok(lines.includes('flamelake_kafka_queue_bytes 0'));
    await log.close();
  });
});

describe('a Kafka that asks who comes', { skip }, () => {
  const login = (mechanism: KafkaSaslMechanism, password = KAFKA_PASSWORD) => ({
    brokers: [kafka.secureAddress],
    tls: { ca: kafka.ca },
    sasl: { mechanism, username: KAFKA_USER, password },
    connectTimeoutMs: 3_000,
    requestTimeoutMs: 3_000,
  });

  for (const mechanism of ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const) {
    test(`TLS and ${mechanism}`, async () => {
      const log = await openNew(login(mechanism));
      await log.append(0, bytes(mechanism));
      assert.equal(text((await readRecords(log, 0, 1))[0]?.value), mechanism);
      await log.close();
      assert.equal((await failure(openLog(login(mechanism, 'wrong')))).code, 'unauthenticated');
    });
  }

  test('a certificate nobody trusts, and a door that is the wrong one, are unavailable', async () => {
    const { sasl } = login('PLAIN');
    const stranger = { ...login('PLAIN'), tls: {} };
    assert.equal((await failure(openNew(stranger))).code, 'unavailable');
    const plain = { brokers: [kafka.secureAddress], sasl, connectTimeoutMs: 1_000, requestTimeoutMs: 1_000 };
    assert.equal((await failure(openLog(plain))).code, 'unavailable');
    await (await openLog({ ...stranger, tls: { isVerified: false } })).close();
  });
});
