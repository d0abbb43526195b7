import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { shardKey } from '@flamelake/distributor';
import type { Clock } from '@flamelake/model';
import { createLogger, createMetrics, systemClock } from '@flamelake/runtime';
import { readOptions } from '../options/read-options.ts';
import { SERVE_OPTIONS } from '../options/serve-options.ts';
import { readPlacement } from './read-placement.ts';
import { watchPlacement } from './watch-placement.ts';

const NOW_MS = Date.UTC(2026, 10, 20, 12, 30);
const base = readOptions(SERVE_OPTIONS, { words: [], environment: {}, readFile: () => '' }).values;
const folder = mkdtempSync(join(tmpdir(), 'flamelake-placement-'));
const file = join(folder, 'placement.yaml');
after(() => rmSync(folder, { recursive: true }));

const FIRST = '- partitions: 4\n';
const from = (hour: number, partitions: number, shards = '[]') =>
  `- { valid-from: "2026-11-20T${hour}:00:00Z", partitions: ${partitions}, shards: ${shards} }\n`;

test('entries, hours and shards are read', () => {
  const shards = '[{ tenant: t, service: shop, partitions: 3 }]';
  assert.deepEqual(readPlacement(FIRST + from(14, 8, shards), 'x'), [
    { validFromMs: 0, partitionCount: 4, shards: new Map() },
    { validFromMs: Date.UTC(2026, 10, 20, 14), partitionCount: 8, shards: new Map([[shardKey('t', 'shop'), 3]]) },
  ]);
  // YAML has times of its own.
  assert.equal(readPlacement(`${FIRST}- { valid-from: 2026-11-20T14:00Z, partitions: 8 }`, 'x')[1]?.partitionCount, 8);
});

test('what is wrong is named: file, entry, what is expected', () => {
  const shop = '{ tenant: t, service: shop, partitions: 1 }';
  const broken: readonly (readonly [string, RegExp])[] = [
    ['', /top level/],
    ['[]', /top level/],
    ['- {}', /entry 1.*whole number/],
    ['- partitions: 0', /entry 1/],
    [from(13, 4), /first entry serves all times/],
    [`${FIRST}- partitions: 4`, /entry 2.*whole hour/],
    [`${FIRST}- { valid-from: "2026-11-20T13:30:00Z", partitions: 4 }`, /entry 2.*whole hour/],
    [`${FIRST}- { valid-from: "2026-99-20T13:00:00Z", partitions: 4 }`, /entry 2.*whole hour/],
    ['- { partitions: 4, shard: [] }', /keys of valid-from, partitions, shards/],
    ['- { partitions: 4, shards: [{ tenant: t, partitions: 1 }] }', /entry 1, shard 1.*service/],
    [`- { partitions: 4, shards: [${shop}, ${shop}] }`, /shard 2.*once/],
    ['- {', /no yaml/],
  ];
  for (const [text, message] of broken) {
    assert.throws(
      () => readPlacement(text, 'x'),
      (error) =>
        message.test(String(error) + JSON.stringify(error)) || assert.fail(`${text}: ${JSON.stringify(error)}`),
    );
  }
});

test('a table changes the future only, and partitions must exist', async () => {
  // Each sleep ends when the test says so.
  const sleeping: (() => void)[] = [];
  let asleep: (() => void) | undefined;
  const clock: Clock = {
    ...systemClock,
    nowMs: () => NOW_MS,
    sleep: (_, signal) =>
      new Promise((resolve) => {
        sleeping.push(resolve);
        signal?.addEventListener('abort', () => resolve());
        asleep?.();
      }),
  };
  const metrics = createMetrics();
  const options = { ...base, 'distributor.placement-file': file };
  const start = () =>
    watchPlacement({ options, partitionCount: 8, clock, metrics, logger: createLogger({ level: 'silent' }) });
  writeFileSync(file, '- partitions: 9\n');
  await assert.rejects(start(), { code: 'invalid_argument', message: /fit the log/ });
  // What is in the past at the start was in force before, for all that is known.
  const atStart = FIRST + from(11, 5);
  writeFileSync(file, atStart);
  const placement = await start();
  const after = async (text: string) => {
    const isAsleep = new Promise<void>((resolve) => {
      asleep = resolve;
    });
    writeFileSync(file, text);
    sleeping.pop()?.();
    await isAsleep;
    const isSound = /placement_last_reload_successful 1/.test(await metrics.text());
    return [placement.table().map(({ partitionCount }) => partitionCount), isSound];
  };
  assert.deepEqual(await after(atStart + from(13, 8)), [[4, 5, 8], true], 'from the next hour on');
  assert.deepEqual(
    await after(FIRST + from(11, 5) + from(12, 6) + from(13, 8)),
    [[4, 5, 8], false],
    'half an hour ago',
  );
  assert.deepEqual(await after(FIRST + from(13, 8)), [[4, 5, 8], false], 'what places the last hour goes');
  assert.deepEqual(await after('- {'), [[4, 5, 8], false]);
  assert.deepEqual(await after(atStart + from(13, 9)), [[4, 5, 8], false], 'partitions the log lacks');
  assert.deepEqual(await after(atStart + from(13, 7)), [[4, 5, 7], true], 'half an hour ahead is still open');
  assert.deepEqual(
    await after(`- partitions: 5\n${from(13, 7)}`),
    [[5, 7], true],
    'what no profile can be of any more',
  );
  await placement.close();
});

test('without a file every service has one of all partitions', async () => {
  const metrics = createMetrics();
  const logger = createLogger({ level: 'silent' });
  const { table, close } = await watchPlacement({
    options: base,
    partitionCount: 3,
    clock: systemClock,
    metrics,
    logger,
  });
  assert.deepEqual(table(), [{ validFromMs: 0, partitionCount: 3, shards: new Map() }]);
  await close();
});
