/** Named simulations of the commit and the sweep. */
import { manifestKey } from '@flamelake/catalog';
import { createWorld } from '../world.ts';
import {
  ask,
  expectThat,
  fold,
  GET_BLOCK,
  merge,
  newProfile,
  outlast,
  PUT_MANIFEST,
  send,
  sweep,
  sweepTwice,
  write,
  writeEach,
} from './stage-directions.ts';

/** The put of a version is done and its answer lost, or it is refused, or it lands again later: the fold counts once. */
export async function lostAnswerToCommit(): Promise<void> {
  for (const fate of ['answerLost', 'refused', { lateMs: 60_000 }] as const) {
    const world = createWorld('lost answer to a commit');
    await writeEach(world, newProfile(world), newProfile(world));
    world.store.plan((key) => key.includes('/manifests/'), fate);
    const outcome = await fold(world, 1).finish();
    expectThat(outcome === 'committed' && world.observer.newest.version === 1, `one version, ${outcome}`);
    await fold(world, 1).finish();
    await outlast(world);
    expectThat(world.observer.newest.version === 2, 'the late put is refused by what took its key');
    await ask(world).finish();
  }
}

/** A merge sleeps before its commit until its output is swept, and its version's key with it: the put succeeds and counts for nothing. */
export async function committerAsleepPastSweeps(): Promise<void> {
  const world = createWorld('committer asleep past sweeps');
  await writeEach(world, ...Array.from({ length: 5 }, () => newProfile(world)));
  await fold(world, 1).finish();
  await fold(world, 1).finish();
  const sleeper = merge(world, 2);
  await sleeper.holdAt(PUT_MANIFEST);
  for (let i = 0; i < 3; i++) await fold(world, 1).finish();
  await sweepTwice(world);
  const revived = manifestKey(world.root, 3);
  expectThat(!world.store.objects.has(revived), 'the key of the version that the merge puts is absent again');
  const outcome = await sleeper.finish();
  expectThat(world.store.objects.has(revived) && outcome === 'lost', `a stale put on a deleted key, ${outcome}`);
  await ask(world).finish();
  await sweepTwice(world);
  expectThat(!world.store.objects.has(revived), 'the revived manifest is swept');
  await ask(world).finish();
}

/** Two folds begin at the same position; the shorter one commits first. */
export async function twoFoldsOfOneChain(): Promise<void> {
  const world = createWorld('two folds of one chain');
  await writeEach(world, newProfile(world), newProfile(world));
  const long = fold(world, 2);
  await long.holdAt(PUT_MANIFEST);
  await fold(world, 1).finish();
  const outcome = await long.finish();
  expectThat(outcome === 'lost', `the longer fold is ${outcome}`);
  await fold(world, 2).finish();
  await ask(world).finish();
}

/** A merge commits between what a sweep has looked at and the commit of its floor. */
export async function mergeDuringSweep(): Promise<void> {
  const world = createWorld('merge during a sweep');
  await writeEach(world, ...Array.from({ length: 4 }, () => newProfile(world)));
  await fold(world, 1).finish();
  await fold(world, 1).finish();
  const merger = merge(world, 2);
  await merger.holdAt(PUT_MANIFEST);
  await fold(world, 1).finish();
  await fold(world, 1).finish();
  await outlast(world);
  const sweeper = sweep(world);
  await sweeper.holdAt(PUT_MANIFEST);
  expectThat((await merger.finish()) === 'committed', 'the merge commits before the floor');
  await sweeper.finish();
  expectThat(world.observer.newest.floor > 2, 'the floor is above the version the merge began from');
  await ask(world).finish();
}

/** A query that has only begun meets a merge and a sweep. */
export async function sweepDuringQuery(): Promise<void> {
  const world = createWorld('sweep during a query', { keepMs: 600_000 });
  await writeEach(world, newProfile(world), newProfile(world));
  await fold(world, 1).finish();
  await fold(world, 1).finish();
  const reader = ask(world);
  await reader.holdAt(GET_BLOCK);
  await merge(world, 2).finish();
  await sweep(world).finish();
  await sweep(world).finish();
  expectThat((await reader.finish()) === 'answer', 'the query is answered');
}

/** Nothing was ever pushed: there is nothing to write, fold, sweep or find. */
export async function emptyLog(): Promise<void> {
  const world = createWorld('empty log');
  const writer = world.start('writer');
  const outcomes = [await fold(world, 4).finish(), await merge(world, 2).finish(), await ask(world).finish()];
  await sweepTwice(world);
  expectThat(outcomes.join() === 'nothing,nothing,answer' && world.store.objects.size === 0, outcomes.join());
  writer.crash();
  send(world, newProfile(world));
  await write(world);
  await ask(world).finish();
}
