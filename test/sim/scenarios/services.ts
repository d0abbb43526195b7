/** Named simulations of the services as they are deployed. */
import type { Distributor, PlacementTable } from '@flamelake/distributor';
import { createSimulatedCache, createSimulation } from '@flamelake/testkit';
import { runServices } from '../services.ts';
import type { Sent } from '../services-clients.ts';
import type { Reader } from '../services-processes.ts';
import { createServicesWorld, type ServicesWorld } from '../services-world.ts';
import { Violation } from '../violation.ts';

/** Pushes profiles one after the other, new ones or those given. */
async function pushAll(world: ServicesWorld, distributor: Distributor, what: number | readonly Sent[]): Promise<void> {
  const isDone = world.act('client', async (process) => {
    const profiles = typeof what === 'number' ? Array.from({ length: what }, () => undefined) : what;
    for (const given of profiles) {
      await process.clock.sleep(300);
      await world.push(process, given ?? world.newProfile(process.clock.nowMs()), () => distributor);
    }
  });
  await world.reach('everything is acknowledged', isDone);
}

/** The topic is made anew while everything runs; its processes are started again. What the old one took counts once, resent or not. */
export async function topicRecreated(): Promise<void> {
  for (const isFolded of [false, true]) {
    const world = createServicesWorld(`topic made anew ${isFolded}`);
    const reader = world.startReader();
    const old = [world.startDistributor(), world.startWriter()] as const;
    if (isFolded) world.startCompactor(0);
    await pushAll(world, old[0].distributor, 6);
    await world.settle(reader);
    if (isFolded) await world.simulation.run(undefined, { forMs: 60_000 });
    world.log.recreate();
    for (const { process } of old) process.crash();
    const [{ distributor }] = [world.startDistributor(), world.startWriter()];
    await pushAll(world, distributor, world.sent.slice());
    await pushAll(world, distributor, 3);
    await world.settle(reader);
  }
}

/** Two installations whose blocks have the same random ids share a Redis: by the id of the store, or else by its key, each finds its own. */
export async function redisOfAnotherInstallation(): Promise<void> {
  const one = { id: 'one', key: 1 };
  for (const [other, isSealed] of [
    [{ id: 'two', key: 1 }, false],
    [{ id: 'one', key: 2 }, true],
  ] as const) {
    const redis = createSimulatedCache(createSimulation('redis of two'));
    for (const [installation, factor] of [
      [one, 1n],
      [other, 1_000n],
    ] as const) {
      const world = createServicesWorld('two installations', { installation, factor, redis, isSealed });
      const reader = world.startReader();
      const { distributor } = world.startDistributor();
      world.startWriter();
      world.startCompactor(0);
      await pushAll(world, distributor, 6);
      await world.simulation.run(undefined, { forMs: 60_000 });
      const before = redis.found;
      for (let i = 0; i < 2; i++) await world.settle(reader);
      if (redis.found === before) throw new Violation('STUCK', 'nothing is found in the cache');
    }
  }
}

/** A table with more partitions from the next hour on comes into force: what was placed before goes where it went, when it comes again. */
export async function placementChanges(): Promise<void> {
  const hourMs = Date.UTC(2026, 10, 20, 12);
  const one: PlacementTable = [{ validFromMs: 0, partitionCount: 1, shards: new Map() }];
  let table = one;
  const world = createServicesWorld('placement', { startMs: hourMs - 600_000, placement: () => table });
  const reader = world.startReader();
  const { distributor } = world.startDistributor();
  const { writer } = world.startWriter();
  await pushAll(world, distributor, 6);
  table = [...one, { validFromMs: hourMs, partitionCount: 2, shards: new Map() }];
  await pushAll(world, distributor, world.sent.slice());
  await world.simulation.run(undefined, { forMs: 900_000 });
  await pushAll(world, distributor, world.sent.slice());
  await pushAll(world, distributor, 6);
  await world.settle(reader);
  if (writer.health().some(({ position }) => position === 0)) throw new Violation('STUCK', 'a partition is not used');
}

/** A writer stops in the middle of a put, for longer than what it knew is kept; its partitions are adopted, folded and swept. It wakes alone. */
export async function zombieWriterWakes(): Promise<void> {
  const world = createServicesWorld('zombie writer');
  const { simulation } = world;
  const reader = world.startReader();
  const { distributor } = world.startDistributor();
  const zombie = world.startWriter();
  await pushAll(world, distributor, 3);
  await world.settle(reader);
  zombie.process.hold((label) => label.startsWith('put '));
  const other = world.startWriter([]);
  world.startCompactor(0, 20_000);
  await pushAll(world, distributor, 6);
  await world.settle(reader);
  const adopted = other.writer.health().filter(({ isAdopted }) => isAdopted).length;
  if (adopted === 0) throw new Violation('STUCK', 'nothing is adopted');
  zombie.process.freezeUntil(simulation.nowMs() + 600_000);
  for (let i = 0; i < 5; i++) {
    await pushAll(world, distributor, 3);
    await simulation.run(undefined, { forMs: 60_000 });
  }
  await world.settle(reader);
  other.process.crash();
  zombie.process.release();
  zombie.process.freezeUntil(0);
  await pushAll(world, distributor, world.sent.slice(-6));
  await pushAll(world, distributor, 3);
  await world.settle(reader);
}

/** A broker comes back without its last records: the partition stops and says so, and what was counted stays; the other partition goes on. */
export async function brokerLostItsTail(): Promise<void> {
  const world = createServicesWorld('lost tail');
  const reader = world.startReader();
  const { distributor } = world.startDistributor();
  const { writer } = world.startWriter();
  await pushAll(world, distributor, 9);
  await world.settle(reader);
  const lost = writer.health().find(({ position }) => position > 1);
  if (lost === undefined) throw new Violation('STUCK', 'no partition has two records');
  world.log.loseTail(lost.partition, lost.position - 2);
  const later = world.sent.length;
  await pushAll(world, distributor, 6);
  await world.simulation.run(undefined, { forMs: 120_000 });
  const states = writer
    .health()
    .map(({ partition, state }) => `${partition} ${state}`)
    .join();
  const stopped = writer.health().find(({ partition }) => partition === lost.partition);
  if (stopped?.state !== 'stopped') throw new Violation('COUNT', `a writer goes on past what its log lost: ${states}`);
  const found = await answer(world, reader);
  const others = world.sent.slice(later).filter(({ pod }) => found.has(pod));
  if (others.length === 0) throw new Violation('STUCK', 'the other partition does not go on');
}

/** A few seeds of everything at once, with a Redis that often answers with the value of another key. */
export async function redisMixesKeysUp(): Promise<void> {
  for (let seed = 1; seed <= 8; seed++) {
    // What is not there, there twice or cannot be read has one reason here.
    await runServices(seed, { moved: 0.4 }).catch((error: unknown) => {
      throw new Violation('COUNT', `an answer is wrong: ${String(error instanceof Error ? error.cause : error)}`);
    });
  }
}

/**
 * Of a service all is deleted, of the other some: by the fold that takes the segments, or by merges or the sweep of what is folded. What
 * the delete is not about stays, and what comes later; resends do not bring back what it took.
 */
export async function deletesAreCarriedOut(): Promise<void> {
  for (const isFolded of [false, true]) {
    const mergeRules = {
      blocksPerMerge: 2,
      hourMs: 10_000,
      dayMs: 40_000,
      spanHours: 1,
      graceMs: 0,
      smallBlocksMax: 2,
    };
    const world = createServicesWorld(`deletes ${isFolded}`, { mergeRules });
    const reader = world.startReader();
    const { distributor } = world.startDistributor();
    world.startWriter();
    const rest = () => world.simulation.run(undefined, { forMs: 120_000 });
    if (isFolded) world.startCompactor(0, 20_000);
    for (let i = 0; i < (isFolded ? 4 : 1); i++) {
      await pushAll(world, distributor, 6);
      if (isFolded) await world.simulation.run(undefined, { forMs: 15_000 });
    }
    await world.settle(reader);
    const untilMs = world.simulation.nowMs();
    const [first, second] = world.sent;
    const isDone = world.act('client', async (process) => {
      await world.change(process, 'delete', { service: first?.service ?? '', fromMs: 0, untilMs }, () => reader);
      await world.change(process, 'delete', { pod: second?.pod ?? '', fromMs: 0, untilMs }, () => reader);
    });
    await world.reach('deletes are acknowledged', isDone);
    await world.settle(reader);
    if (!isFolded) world.startCompactor(0, 20_000);
    for (let i = 0; i < 3; i++) {
      await pushAll(world, distributor, world.sent.slice(0, 6));
      await pushAll(world, distributor, 3);
      await rest();
      await world.settle(reader);
    }
  }
}

/** An answer to everything, checked against what was sent and seen. */
async function answer(world: ServicesWorld, reader: Reader): Promise<ReadonlyMap<string, bigint>> {
  let found: ReadonlyMap<string, bigint> = new Map();
  const isDone = world.act('client', async () => {
    found = (await world.look(reader))?.found ?? found;
  });
  await world.reach('an answer', isDone);
  return found;
}
