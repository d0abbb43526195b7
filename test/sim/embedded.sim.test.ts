import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runEmbedded } from './embedded-world.ts';

const SEEDS = 30;

test(`the embedded server counts every acknowledged profile once through kills and power cuts, ${SEEDS} seeds`, async () => {
  const sum = new Map<string, number>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const counts = await runEmbedded(seed).catch((cause: unknown) => {
      throw new Error(`seed ${seed}; replay: make soak SEED=${seed} KIND=embedded`, { cause });
    });
    for (const [what, count] of counts) sum.set(what, (sum.get(what) ?? 0) + count);
  }
  assert.ok((sum.get('lives') ?? 0) > SEEDS * 3 && (sum.get('sent again') ?? 0) > SEEDS, JSON.stringify([...sum]));
});

test('a seed runs the same way again', async () => {
  assert.deepEqual(await runEmbedded(1), await runEmbedded(1));
});
