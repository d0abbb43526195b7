import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObjectStore } from '@flamelake/model';
import { createLossyFileSystem, createSimulation, type SeededRandom } from '@flamelake/testkit';
import { createFileStore } from './file-store.ts';

const SEEDS = 100;
const DIRECTORY = '/data/store';

/** What was promised of a key: its bytes, that there is an object, or nothing since a delete was begun. */
type Expectation = { readonly body: string } | 'exists' | 'deleting';

interface World {
  readonly promised: Map<string, Expectation>;
  /** All bytes ever sent under a key. */
  readonly sent: Map<string, Set<string>>;
  acknowledged: number;
}

const text = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : Buffer.from(bytes).toString());

/** Writers of few keys in few folders, so that they meet: puts race puts, and deletes empty folders under them. */
async function write(store: ObjectStore, random: SeededRandom, writer: string, world: World): Promise<void> {
  for (let i = 0; ; i++) {
    const shared = `a/${random.integer(2)}/shared-${random.integer(6)}`;
    const own = `b/${random.integer(2)}/${random.integer(2)}/${writer}-${i}`;
    const body = `${writer}/${i}/${'x'.repeat(random.integer(50))}`;
    if (random.chance(0.6)) {
      send(world, shared, body);
      const answer = await store.putIfAbsent(shared, Buffer.from(body));
      if (!world.promised.has(shared)) world.promised.set(shared, answer === 'created' ? { body } : answer);
      // Who lost reads what won, as a writer of segments does; both are then told of the object.
      const read = text((await store.get(shared))?.bytes);
      assert.ok(read !== undefined, `${shared}: ${answer}, and gone`);
      if (answer === 'created') assert.equal(read, body);
      promise(world, shared, read);
    } else {
      send(world, own, body);
      await store.put(own, Buffer.from(body));
      promise(world, own, body);
      if (random.chance(0.7)) {
        world.promised.set(own, 'deleting');
        await store.delete([own]);
        assert.equal(await store.get(own), undefined);
      }
    }
    world.acknowledged++;
  }
}

function send(world: World, key: string, body: string): void {
  world.sent.set(key, (world.sent.get(key) ?? new Set()).add(body));
}

function promise(world: World, key: string, body: string): void {
  const before = world.promised.get(key);
  if (typeof before === 'object') assert.equal(body, before.body, `${key} has changed`);
  world.promised.set(key, { body });
}

async function check(store: ObjectStore, world: World): Promise<void> {
  const listed = new Set<string>();
  for (const { key, sizeBytes } of await store.list('')) {
    const body = text((await store.get(key))?.bytes);
    assert.ok(body !== undefined && world.sent.get(key)?.has(body), `${key} holds what nobody sent`);
    assert.equal(sizeBytes, body.length);
    listed.add(key);
  }
  for (const [key, promised] of world.promised) {
    if (promised === 'deleting') continue;
    const body = text((await store.get(key))?.bytes);
    if (promised === 'exists') assert.ok(body !== undefined, `LOST: ${key}, which was said to exist`);
    else assert.equal(body, promised.body, `LOST: ${key}`);
    assert.ok(listed.has(key), `${key} is not listed`);
  }
}

async function runStore(seed: number): Promise<World> {
  const simulation = createSimulation(seed, { stepMsMax: 5 });
  const { random } = simulation;
  const disk = createLossyFileSystem(`${seed}/disk`, () => simulation.nowMs());
  const world: World = { promised: new Map(), sent: new Map(), acknowledged: 0 };
  for (let life = 0; life < 8; life++) {
    const process = simulation.process(`life ${life}`);
    process.spawn(async () => {
      const options = { directory: DIRECTORY, clock: process.clock, random: process.random };
      const store = await createFileStore({ ...options, fileSystem: disk.mount(process) });
      await check(store, world);
      for (let i = 0; i < 3; i++) process.spawn(() => write(store, process.random, `${life}-${i}`, world));
    });
    await simulation.run(() => process.failures.length > 0, { stepsMax: 50 + random.integer(200) });
    const [failure] = process.failures;
    if (failure !== undefined) throw failure;
    process.crash();
    if (random.chance(0.7)) disk.crash();
    else disk.kill();
  }
  return world;
}

test(`a store of files keeps its promises through kills and power cuts, ${SEEDS} seeds`, async () => {
  let acknowledged = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const world = await runStore(seed).catch((cause: unknown) => {
      throw new Error(`seed ${seed}`, { cause });
    });
    acknowledged += world.acknowledged;
  }
  assert.ok(acknowledged > SEEDS * 5, `${acknowledged} acknowledged`);
});
