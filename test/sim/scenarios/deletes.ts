/** Deletes and retention: what is deleted stays hidden until it is gone, what comes later stays, and identities outlive their profiles. */
import { createWorld } from '../world.ts';
import {
  ask,
  deleteCart,
  expectThat,
  expire,
  fold,
  GET_SEGMENT,
  newProfile,
  send,
  sweepTwice,
  write,
  writeEach,
} from './stage-directions.ts';

/** A delete of what is folded; until the block is written anew everybody leaves it out. */
export async function deleteOfFolded(): Promise<void> {
  const world = createWorld('a delete of a folded profile');
  await writeEach(world, newProfile(world, 'cart'), newProfile(world));
  await fold(world, 2).finish();
  await deleteCart(world).finish();
  await ask(world).finish();
  await writeEach(world, newProfile(world, 'cart'));
  await fold(world, 1).finish();
  await ask(world).finish();
  await expire(world).finish();
  expectThat(world.observer.newest.deletes.length === 0, 'the delete has left');
  await sweepTwice(world);
  await ask(world).finish();
}

/** A delete of what is still in the chain; the fold carries it out. */
export async function deleteOfSegments(): Promise<void> {
  const world = createWorld('a delete of segments');
  await writeEach(world, newProfile(world, 'cart'), newProfile(world));
  await deleteCart(world).finish();
  await ask(world).finish();
  await fold(world, 1).finish();
  await ask(world).finish();
  await fold(world, 1).finish();
  expectThat(world.observer.newest.deletes.length === 0, 'the delete has left');
  await ask(world).finish();
}

/** A fold begins, a delete is committed, a profile it does not mean comes, and the fold has taken that one in too. */
export async function foldAcrossDelete(): Promise<void> {
  const world = createWorld('a fold across a delete');
  const later = newProfile(world, 'cart');
  await writeEach(world, newProfile(world, 'cart'));
  const folder = fold(world, 2);
  await folder.holdAt(GET_SEGMENT);
  await deleteCart(world).finish();
  await writeEach(world, later);
  await folder.finish();
  await ask(world).finish();
  await fold(world, 2).finish();
  await ask(world).finish();
}

/** Profiles expire while resends of them may still come. */
export async function resendOfExpired(): Promise<void> {
  const world = createWorld('a resend of an expired profile', { retentionMs: 60_000 });
  const expired = newProfile(world);
  await writeEach(world, expired);
  await fold(world, 1).finish();
  await world.run(undefined, { forMs: 300_000 });
  await expire(world).finish();
  send(world, expired, newProfile(world));
  await write(world);
  await ask(world).finish();
}

/** When no resend can come any more, blocks of expired profiles go as a whole. */
export async function expiredBlocks(): Promise<void> {
  const world = createWorld('expired blocks go', { retentionMs: 60_000 });
  await writeEach(world, newProfile(world), newProfile(world, 'cart'));
  await fold(world, 1).finish();
  await fold(world, 1).finish();
  await world.run(undefined, { forMs: 3_000_000 });
  await writeEach(world, newProfile(world));
  await fold(world, 1).finish();
  await expire(world).finish();
  const { blocks, expired } = world.observer.newest;
  expectThat(blocks.length === 1 && expired.length === 1 && expired[0]?.until === 2, 'two blocks are dropped');
  await sweepTwice(world);
  await ask(world).finish();
  send(world, newProfile(world));
  await write(world);
  await ask(world).finish();
}
