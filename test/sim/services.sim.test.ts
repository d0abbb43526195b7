import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runServices } from './services.ts';

const SEEDS = 200;
const OFTEN = [
  'acknowledged',
  'resends',
  'sent again',
  'answers',
  'found in the cache',
  'adopted',
  'crashes',
  'delete of profiles',
  'pin of profiles',
  'expired by size',
  'index pages',
];

test(`the services count every acknowledged profile once, but for deleted and expired ones, through faults of Kafka, S3 and Redis, freezes and crashes, ${SEEDS} seeds`, async () => {
  const sum = new Map<string, number>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    for (const [what, count] of await runServices(seed)) sum.set(what, (sum.get(what) ?? 0) + count);
  }
  // What the simulation is there to meet must have happened.
  for (const what of OFTEN) {
    assert.ok((sum.get(what) ?? 0) > SEEDS / 4, `${what} is too rare: ${JSON.stringify([...sum])}`);
  }
});

test('a seed runs the same way again, whatever ran before', async () => {
  const first = await runServices(1);
  await runServices(2);
  assert.deepEqual(await runServices(1), first);
});
