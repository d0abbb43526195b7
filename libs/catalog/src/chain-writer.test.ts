import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takeSnapshot } from './take-snapshot.ts';
import { createTestWriter, createWorld, expectedTotals, storedTotals } from './world.test-kit.ts';

test('a chain begins at 0, counts first copies, and goes on where it ended', async () => {
  const world = createWorld();
  const [a, b, c] = [world.profile(), world.profile(), world.profile()];
  world.log.push(a);
  world.log.push(b);
  world.log.push(a);
  const writer = createTestWriter(world);
  await writer.run();
  world.log.push(b);
  world.log.push(c);
  await writer.run();
  const [partition] = (await takeSnapshot(world.store)).partitions;
  assert.deepEqual(
    partition?.segments.map(({ info }) => [info.log.position, info.log.next]),
    [
      [0, 3],
      [3, 5],
    ],
  );
  assert.equal(partition?.next, 5);
  assert.deepEqual(await storedTotals(world.store), expectedTotals([a, b, c]));
  assert.equal(writer.counts.get('repeats'), 2);
  assert.deepEqual(writer.failures, []);
});
