import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimulatedLog } from './simulated-log.ts';
import { createSimulation } from './simulation.ts';

const READ = { bytesMax: 1_000, waitMs: 5_000 };

function setUp() {
  const simulation = createSimulation(3);
  const process = simulation.process('p');
  const simulated = createSimulatedLog(simulation);
  return { simulation, process, simulated, log: simulated.view(process) };
}

test('a reader waits for the first record, not for ever', async () => {
  const { simulation, process, simulated, log } = setUp();
  const begin = simulation.nowMs();
  const seen: [number, number][] = [];
  process.spawn(async () => {
    seen.push([(await log.read(0, 0, READ)).length, simulation.nowMs() - begin]);
    seen.push([(await log.read(0, 0, READ)).length, simulation.nowMs() - begin]);
  });
  await simulation.run(() => seen.length === 1);
  assert.equal(seen[0]?.[0], 0);
  assert.ok((seen[0]?.[1] ?? 0) >= READ.waitMs);
  simulated.append(0, Uint8Array.of(1));
  await simulation.run();
  assert.equal(seen[1]?.[0], 1);
  assert.ok((seen[1]?.[1] ?? 0) < 2 * READ.waitMs);
});

test('an append without an answer may have happened; what is sent again gets another offset', async () => {
  const { simulation, process, simulated, log } = setUp();
  simulated.faults = { refused: 0.3, answerLost: 0.3 };
  let acknowledged = 0;
  process.spawn(async () => {
    for (let i = 0; i < 200; i++) {
      await log.append(0, Uint8Array.of(i)).then(
        () => acknowledged++,
        () => undefined,
      );
    }
  });
  await simulation.run();
  const { length } = simulated.records(0);
  assert.ok(acknowledged > 50 && acknowledged < 110, `${acknowledged}`);
  assert.ok(length > acknowledged + 30, `${length}`);
  assert.deepEqual(
    simulated.records(0).map((record) => record.offset),
    Array.from({ length }, (_, offset) => offset),
  );
});

test('reads answer within their bytes, and refuse offsets the log does not hold', async () => {
  const { simulation, process, simulated, log } = setUp();
  for (let i = 0; i < 5; i++) simulated.append(0, new Uint8Array(400));
  const lengths: number[] = [];
  process.spawn(async () => {
    lengths.push((await log.read(0, 1, READ)).length);
    await log.trim(0, 3);
    await assert.rejects(log.read(0, 2, READ), { code: 'out_of_range' });
    await assert.rejects(log.read(0, 6, READ), { code: 'out_of_range' });
    simulated.loseTail(0, 4);
    await assert.rejects(log.read(0, 5, READ), { code: 'out_of_range' });
    assert.deepEqual(await log.bounds(0), { start: 3, end: 4 });
    simulated.recreate();
    assert.notEqual(simulated.id, log.id);
    await assert.rejects(log.bounds(0), { code: 'failed_precondition' });
    assert.deepEqual(await simulated.view(process).bounds(0), { start: 0, end: 0 });
  });
  await simulation.run();
  assert.deepEqual(process.failures, []);
  assert.deepEqual(lengths, [2]);
});
