import assert from 'node:assert/strict';
import { test } from 'node:test';
import { searchChoices } from './choices.ts';
import { createSimulation } from './simulation.ts';
import type { Simulation } from './simulation-types.ts';
import type { Touch } from './sleep-set.ts';

function step(simulation: Simulation, name: string, steps: number, log: string[], touches?: readonly Touch[]) {
  const process = simulation.process(name);
  process.spawn(async () => {
    for (let i = 0; i < steps; i++) {
      await process.request({
        label: `step ${i}`,
        effect: () => log.push(`${name}${i}`),
        ...(touches && { touches: i === 0 ? touches : [] }),
      });
    }
  });
  return process;
}

async function orderOf(seed: number): Promise<string> {
  const simulation = createSimulation(seed);
  const log: string[] = [];
  step(simulation, 'a', 10, log);
  step(simulation, 'b', 10, log);
  assert.equal(await simulation.run(), 'idle');
  return `${log.join()} ${simulation.nowMs()}`;
}

test('a seed decides the order of steps, and seeds differ', async () => {
  assert.equal(await orderOf(1), await orderOf(1));
  const orders = new Set(await Promise.all([1, 2, 3, 4, 5].map(orderOf)));
  assert.equal(orders.size, 5);
});

test('a search runs every interleaving once', async () => {
  const orders = new Set<string>();
  const result = await searchChoices(
    async (choices) => {
      const simulation = createSimulation(1, { choices });
      const log: string[] = [];
      step(simulation, 'a', 3, log);
      step(simulation, 'b', 3, log);
      await simulation.run();
      orders.add(log.join());
    },
    { schedule: 10, fault: 0 },
    1_000,
  );
  // 6 choose 3.
  assert.deepEqual({ orders: orders.size, ...result }, { orders: 20, runs: 20, exhausted: true });
});

test('a search tries one order of steps that may change places, and every order of those that may not', async () => {
  const orders = new Set<string>();
  let ends = 0;
  await searchChoices(
    async (choices) => {
      const simulation = createSimulation(1, { choices });
      const log: string[] = [];
      for (const name of ['a', 'b']) step(simulation, name, 3, log, [{ thing: 'x', writes: true }]);
      step(simulation, 'c', 3, log, [{ thing: 'y', writes: true }]);
      if ((await simulation.run()) === 'redundant') return;
      ends++;
      orders.add(log.filter((entry) => entry === 'a0' || entry === 'b0').join());
    },
    { schedule: 1_000, fault: 0 },
    10_000,
  );
  assert.deepEqual([...orders].sort(), ['a0,b0', 'b0,a0']);
  assert.equal(ends, 2);
});

test('a search names the choices that failed, and replays them', async () => {
  let found: readonly number[] = [];
  const simulate = async (choices: Parameters<Parameters<typeof searchChoices>[0]>[0]) => {
    const simulation = createSimulation(1, { choices });
    const log: string[] = [];
    step(simulation, 'a', 3, log);
    step(simulation, 'b', 3, log);
    await simulation.run();
    if (log.join() === 'a0,a1,b0,b1,a2,b2') throw new Error('that one');
  };
  await assert.rejects(searchChoices(simulate, { schedule: 10, fault: 0 }, 1_000), (error: Error) => {
    found = JSON.parse(/\[.*\]/.exec(error.message)?.[0] ?? '[]');
    return error.cause instanceof Error && error.cause.message === 'that one';
  });
  await assert.rejects(searchChoices(simulate, { schedule: 10, fault: 0 }, 1, found), /after 1 runs/);
});

test('time passes to the next sleeper when nothing else can happen', async () => {
  const simulation = createSimulation(1);
  const process = simulation.process('sleeper');
  const begin = simulation.nowMs();
  let wokeMs = 0;
  process.spawn(async () => {
    await process.clock.sleep(3_600_000);
    wokeMs = process.clock.nowMs();
  });
  assert.equal(await simulation.run(() => false, { forMs: 1_000 }), 'time');
  assert.equal(simulation.nowMs() - begin, 1_000);
  assert.equal(await simulation.run(), 'idle');
  assert.ok(wokeMs - begin >= 3_600_000);
});

test('an aborted sleep ends at once', async () => {
  const simulation = createSimulation(1);
  const process = simulation.process('sleeper');
  const controller = new AbortController();
  let woke = false;
  process.spawn(async () => {
    await process.clock.sleep(1_000_000, controller.signal);
    woke = true;
  });
  await simulation.run(undefined, { forMs: 10 });
  controller.abort();
  assert.equal(await simulation.run(() => woke, { forMs: 10 }), 'condition');
});

test('a crashed process takes no further step, a frozen or held one takes it later', async () => {
  const simulation = createSimulation(1);
  const log: string[] = [];
  const crashed = step(simulation, 'c', 2, log);
  const frozen = step(simulation, 'f', 1, log);
  const held = step(simulation, 'h', 2, log);
  crashed.crash();
  frozen.freezeUntil(simulation.nowMs() + 60_000);
  held.hold((label) => label === 'step 1');
  await simulation.run(undefined, { forMs: 30_000 });
  assert.deepEqual(log, ['h0']);
  assert.deepEqual(held.waitingFor, ['step 1']);
  await simulation.run();
  assert.deepEqual(log, ['h0', 'f0']);
  held.release();
  await simulation.run();
  assert.deepEqual(log, ['h0', 'f0', 'h1']);
  assert.equal(crashed.tasksRunning, 1);
});

test('what a task ends with is kept', async () => {
  const simulation = createSimulation(1);
  const process = simulation.process('p');
  process.spawn(() => Promise.reject(new Error('why')));
  await simulation.run();
  assert.deepEqual(process.failures.map(String), ['Error: why']);
});
