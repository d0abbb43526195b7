/** Named simulations of writers: rivals, rewinds, writers left behind, and what a new one must know. */
import { createWorld, holdAt } from '../world.ts';
import {
  ask,
  deleteCart,
  expectThat,
  fold,
  GET_BLOCK,
  merge,
  newProfile,
  outlast,
  PUT_SEGMENT,
  reachEnd,
  send,
  sweepTwice,
  write,
  writeEach,
} from './stage-directions.ts';

/** A rival's segment takes the key and holds a profile this writer has never read; a resend of it comes later. */
export async function rivalIdentities(): Promise<void> {
  const world = createWorld('identities of a rival');
  const second = newProfile(world);
  send(world, newProfile(world));
  const slow = world.start('writer');
  await holdAt(world, slow, PUT_SEGMENT);
  send(world, second);
  await write(world);
  slow.release();
  await world.run(undefined, { forMs: 10_000 });
  send(world, second, newProfile(world));
  await reachEnd(world);
  expectThat((world.counts.get('rival_segments') ?? 0) > 0, 'a rival');
  await ask(world).finish();
}

/** A put is lost, a rival's shorter segment takes the key: the writer reads again what it has read, which is no resend. */
export async function rewindAfterLostPut(): Promise<void> {
  const world = createWorld('rewind after a lost put');
  send(world, newProfile(world));
  const rival = world.start('writer');
  await holdAt(world, rival, PUT_SEGMENT);
  send(world, newProfile(world), newProfile(world));
  world.store.plan((key) => key.includes('/segments/'), 'refused');
  const writer = world.start('writer');
  await holdAt(world, writer, PUT_SEGMENT);
  writer.hold((label) => /get .*\/segments\//.test(label));
  await world.run(undefined, { forMs: 1_000 });
  rival.release();
  await world.run(() => world.observer.chainEnd === 1, { forMs: 60_000 });
  rival.crash();
  expectThat(world.observer.chainEnd === 1, 'the rival has put the shorter segment');
  writer.release();
  await reachEnd(world);
  await ask(world).finish();
}

/** A writer sleeps while its place is folded and swept: its put succeeds beside the chain, and it must notice. */
export async function writerLeftBehind(): Promise<void> {
  const world = createWorld('writer left behind');
  send(world, newProfile(world));
  const sleeper = world.start('writer');
  await reachEnd(world);
  send(world, newProfile(world));
  await holdAt(world, sleeper, PUT_SEGMENT);
  send(world, newProfile(world));
  await write(world);
  for (let i = 0; i < 3; i++) {
    await writeEach(world, newProfile(world));
    await fold(world, 9).finish();
  }
  await sweepTwice(world);
  send(world, newProfile(world));
  sleeper.release();
  await reachEnd(world);
  expectThat((world.counts.get('left_behind') ?? 0) > 0, 'the writer was left behind');
  await ask(world).finish();
}

/** All is folded, merged and swept; a new writer must know from blocks what was seen. */
export async function takeOverFromBlocks(): Promise<void> {
  const world = createWorld('take-over from blocks');
  const profiles = [newProfile(world), newProfile(world), newProfile(world)];
  await writeEach(world, ...profiles);
  await fold(world, 1).finish();
  await fold(world, 2).finish();
  await merge(world, 2).finish();
  await sweepTwice(world);
  send(world, ...profiles, newProfile(world));
  await write(world);
  await ask(world).finish();
}

/** While a new writer reads the blocks of a manifest, they are merged and swept. */
export async function takeOverDuringSweep(): Promise<void> {
  const world = createWorld('take-over during a sweep');
  const profiles = [newProfile(world), newProfile(world)];
  await writeEach(world, ...profiles);
  await fold(world, 1).finish();
  await fold(world, 1).finish();
  const writer = world.start('writer');
  await holdAt(world, writer, GET_BLOCK);
  await merge(world, 2).finish();
  await sweepTwice(world);
  const gone = [...world.store.objects.keys()].filter((key) => key.includes('/blocks/'));
  expectThat(gone.length === 1, 'the blocks that were merged are gone');
  writer.release();
  send(world, ...profiles, newProfile(world));
  await reachEnd(world);
  await ask(world).finish();
}

/** A resend comes so late that the window has forgotten the first copy. */
export async function lateCopy(): Promise<void> {
  const world = createWorld('late copy');
  const profile = newProfile(world);
  await writeEach(world, profile);
  for (let i = 0; i < 4; i++) {
    await world.run(undefined, { forMs: 1_200_000 });
    await writeEach(world, newProfile(world));
  }
  send(world, profile);
  await write(world);
  await ask(world).finish();
}

/** A merge deletes a profile; a resend of it is still a resend. */
export async function resendOfDeleted(): Promise<void> {
  const world = createWorld('resend of a deleted profile');
  const deleted = newProfile(world, 'cart');
  await writeEach(world, deleted, newProfile(world), newProfile(world));
  await fold(world, 1).finish();
  await fold(world, 2).finish();
  await deleteCart(world).finish();
  await merge(world, 2).finish();
  await sweepTwice(world);
  send(world, deleted, newProfile(world));
  await write(world);
  await outlast(world);
  await ask(world).finish();
}
