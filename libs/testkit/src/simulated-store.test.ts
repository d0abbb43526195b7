import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimulatedStore, NO_STORE_FAULTS, type StoreFaults } from './simulated-store.ts';
import { createSimulation } from './simulation.ts';

const BODY = Uint8Array.of(1, 2, 3, 4);

function setUp(faults: StoreFaults = NO_STORE_FAULTS) {
  const simulation = createSimulation(7);
  const process = simulation.process('p');
  const simulated = createSimulatedStore(simulation, faults);
  return { simulation, process, simulated, store: simulated.view(process) };
}

test('of puts of one key exactly one is told it made it', async () => {
  const { simulation, process, store } = setUp();
  const answers: string[] = [];
  for (let i = 0; i < 5; i++) process.spawn(async () => answers.push(await store.putIfAbsent('k', Uint8Array.of(i))));
  await simulation.run();
  assert.deepEqual(answers.sort(), ['created', 'exists', 'exists', 'exists', 'exists']);
});

test('reads see ranges, lists see key order, deleted keys are absent again', async () => {
  const { simulation, process, store } = setUp();
  let done = false;
  process.spawn(async () => {
    for (const key of ['a/b/2', 'a/b/1', 'a/c/1']) await store.put(key, BODY);
    assert.deepEqual((await store.get('a/b/1', { offset: 1, length: 2 }))?.bytes, Uint8Array.of(2, 3));
    assert.deepEqual((await store.get('a/b/1', { lastBytes: 3 }))?.bytes, Uint8Array.of(2, 3, 4));
    assert.deepEqual(
      (await store.list('a/', { limit: 2 })).map(({ key }) => key),
      ['a/b/1', 'a/b/2'],
    );
    assert.deepEqual(await store.listFolders('a/'), ['b', 'c']);
    const first = await store.get('a/c/1');
    await store.delete(['a/c/1', 'a/b/1', 'none']);
    assert.equal(await store.get('a/c/1'), undefined);
    assert.equal(await store.putIfAbsent('a/c/1', BODY), 'created');
    assert.notEqual((await store.get('a/c/1'))?.etag, first?.etag);
    done = true;
  });
  await simulation.run();
  assert.deepEqual(process.failures, []);
  assert.ok(done);
});

test('a planned fate: refused, done without an answer, and landing late', async () => {
  const { simulation, process, simulated, store } = setUp();
  simulated.plan((key) => key === 'refused', 'refused');
  simulated.plan((key) => key === 'lost', 'answerLost');
  simulated.plan((key) => key === 'late', { lateMs: 60_000 });
  const codes: string[] = [];
  for (const key of ['refused', 'lost', 'late', 'fine']) {
    process.spawn(async () => {
      await store.putIfAbsent(key, BODY).catch((error: { code: string }) => codes.push(`${key} ${error.code}`));
    });
  }
  await simulation.run(undefined, { forMs: 30_000 });
  assert.deepEqual(codes.sort(), ['late unavailable', 'lost unavailable', 'refused unavailable']);
  assert.deepEqual([...simulated.objects.keys()].sort(), ['fine', 'lost']);
  await simulation.run();
  assert.deepEqual([...simulated.objects.keys()].sort(), ['fine', 'late', 'lost']);
});

test('every fault happens at its rate', async () => {
  const { simulation, process, simulated, store } = setUp({
    refused: 0.2,
    answerLost: 0.2,
    late: 0.2,
    lateMsMax: 1_000,
  });
  for (let i = 0; i < 500; i++) process.spawn(() => store.put(`k${i}`, BODY));
  await simulation.run();
  assert.equal(process.failures.length > 250 && process.failures.length < 350, true, `${process.failures.length}`);
  assert.equal(simulated.objects.size > 360 && simulated.objects.size < 440, true, `${simulated.objects.size}`);
});

test('a put under way may land although its process crashed', async () => {
  const landed = new Set<boolean>();
  for (let seed = 0; seed < 20; seed++) {
    const simulation = createSimulation(seed);
    const process = simulation.process('p');
    const simulated = createSimulatedStore(simulation, NO_STORE_FAULTS);
    process.spawn(() => simulated.view(process).put('k', BODY));
    process.crash();
    process.spawn(() => simulated.view(process).put('later', BODY));
    await simulation.run();
    assert.equal(simulated.objects.has('later'), false);
    landed.add(simulated.objects.has('k'));
  }
  assert.equal(landed.size, 2);
});
