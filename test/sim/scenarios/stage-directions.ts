/** What the named simulations say: short forms for what one role does once, from beginning to end. */
import { foldOnce, mergeOnce, sweepOnce } from '@flamelake/catalog';
import type { ProfileRecord } from '@flamelake/formats';
import { randomProfileRecord } from '@flamelake/testkit';
import { deleteService, expireSome, query } from '../roles.ts';
import { Violation } from '../violation.ts';
import { HOUR_MS, type Job, type World } from '../world.ts';

/** Where a process is held. */
export const PUT_MANIFEST = /^put .*\/manifests\//;
export const PUT_SEGMENT = /^put .*\/segments\//;
export const GET_SEGMENT = /^get .*\/segments\//;
export const GET_BLOCK = /^get .*\/blocks\//;

/** A profile of this moment. */
export function newProfile(world: World, service = 'checkout'): ProfileRecord {
  return randomProfileRecord(world.simulation.random, { timeMs: world.simulation.nowMs(), services: [service] });
}

/** Appends records of one profile each. */
export function send(world: World, ...profiles: readonly ProfileRecord[]): void {
  for (const profile of profiles) world.truth.append([profile]);
}

/** A new writer brings the chain to the log's end, and crashes. */
export async function write(world: World): Promise<void> {
  const process = world.start('writer');
  await reachEnd(world);
  process.crash();
}

/** Runs until the chain is at the log's end. */
export async function reachEnd(world: World): Promise<void> {
  const { observer, truth } = world;
  const isAtEnd = () => observer.chainEnd === truth.end;
  await world.run(isAtEnd, { forMs: HOUR_MS });
  if (!isAtEnd()) throw new Violation('STUCK', `the chain stays at ${observer.chainEnd}, the log ends at ${truth.end}`);
}

/** Appends and writes each profile as a segment of its own. */
export async function writeEach(world: World, ...profiles: readonly ProfileRecord[]): Promise<void> {
  for (const profile of profiles) {
    send(world, profile);
    await write(world);
  }
}

/** A fold of at most so many segments. */
export function fold(world: World, segmentsMax: number): Job<string> {
  const { root } = world;
  return world.job(`folder of ${segmentsMax}`, async ({ random }, store) => {
    return (await foldOnce({ store, root, random, segmentsMax })).outcome;
  });
}

/** A merge of so many blocks. */
export function merge(world: World, blocksPerMerge: number): Job<string> {
  const { root } = world;
  return world.job(`merger of ${blocksPerMerge}`, async ({ random, clock }, store) => {
    return (await mergeOnce({ store, root, random, rules: { blocksPerMerge } }, clock.nowMs())).outcome;
  });
}

/** Deletes what the service `cart` has up to now. */
export function deleteCart(world: World): Job<string> {
  return world.job('deleter', (process, store) => deleteService(world, process, store));
}

/** Drops or writes anew one block that holds what should be gone. */
export function expire(world: World): Job<string> {
  return world.job('expirer', async (process, store) => (await expireSome(world, process, store, 0)).outcome);
}

export function sweep(world: World): Job<number> {
  const { root, keepMs } = world;
  return world.job('sweeper', async ({ random }, store) => {
    const { manifests, blocks, pages, segments } = await sweepOnce({ store, root, random, keepMs });
    return manifests + blocks + pages + segments;
  });
}

/** A query for everything; checked against the truth. */
export function ask(world: World): Job<string> {
  return world.job('reader', (process, store) => query(world, process, store));
}

/** Lets time pass, long enough for what was superseded to be swept. */
export async function outlast(world: World): Promise<void> {
  await world.run(undefined, { forMs: 2 * world.keepMs });
}

/** Two sweeps far apart: the floor comes to the version that was the newest before the first. */
export async function sweepTwice(world: World): Promise<void> {
  for (let i = 0; i < 2; i++) {
    await outlast(world);
    await sweep(world).finish();
  }
}

/** Says what a simulation came for, when it did not happen. */
export function expectThat(condition: boolean, what: string): void {
  if (!condition) throw new RangeError(`the simulation did not come to what it is for: ${what}`);
}
