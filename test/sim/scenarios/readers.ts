/** Named simulations of readers: a tail that is folded under them, and keys that come back. */
import { isMissingObject, manifestKey, segmentKey, takePartitionSnapshot } from '@flamelake/catalog';
import { readAnswer } from '../roles.ts';
import { createWorld, holdAt } from '../world.ts';
import {
  ask,
  expectThat,
  fold,
  GET_SEGMENT,
  newProfile,
  PUT_SEGMENT,
  reachEnd,
  send,
  sweepTwice,
  writeEach,
} from './stage-directions.ts';

/** While a reader follows the chain, the rest of it is folded and swept: the hole it meets is not the chain's end. */
export async function staleReaderOverFoldedTail(): Promise<void> {
  const world = createWorld('stale reader over a folded tail');
  await writeEach(world, newProfile(world));
  await fold(world, 1).finish();
  await writeEach(world, newProfile(world), newProfile(world));
  const reader = ask(world);
  await reader.holdAt(GET_SEGMENT);
  await fold(world, 9).finish();
  await sweepTwice(world);
  expectThat(!world.store.objects.has(segmentKey(world.root, 1)), 'the tail is swept');
  expectThat((await reader.finish()) === 'answer', 'the reader starts again');
}

/** The same, and a second put of the reader's version, under way all the time, brings that manifest back. */
export async function revivedManifest(): Promise<void> {
  const world = createWorld('revived manifest');
  await writeEach(world, newProfile(world));
  world.store.plan((key) => key.includes('/manifests/'), { lateMs: 2_400_000 });
  await fold(world, 1).finish();
  await writeEach(world, newProfile(world));
  const reader = ask(world);
  await reader.holdAt(GET_SEGMENT);
  await fold(world, 1).finish();
  await sweepTwice(world);
  const key = manifestKey(world.root, 1);
  expectThat(!world.store.objects.has(key), 'the first version is swept');
  await world.run(() => world.store.objects.has(key), { forMs: 2_400_000 });
  expectThat(world.store.objects.has(key), 'the first version is back');
  expectThat((await reader.finish()) === 'answer', 'the reader starts again');
}

/** A segment is folded and swept, and a stale writer puts another under its key: to a reader of the first it is a missing object. */
export async function revivedSegment(): Promise<void> {
  const world = createWorld('revived segment');
  send(world, newProfile(world));
  const stale = world.start('writer');
  await holdAt(world, stale, PUT_SEGMENT);
  await writeEach(world, newProfile(world));
  const { root } = world;
  const snapshot = await world.job('reader', (_process, store) => takePartitionSnapshot(store, root)).finish();
  await fold(world, 1).finish();
  await writeEach(world, newProfile(world));
  await fold(world, 1).finish();
  await sweepTwice(world);
  stale.release();
  const key = segmentKey(root, 0);
  await world.run(() => world.store.objects.has(key), { forMs: 600_000 });
  expectThat(world.store.objects.has(key), 'another segment has the key');
  const outcome = await world
    .job('reader', (process, store) =>
      readAnswer(world, process, store, snapshot).then(
        () => 'answer',
        (error: unknown) => {
          if (isMissingObject(error)) return 'missing object';
          throw error;
        },
      ),
    )
    .finish();
  expectThat(outcome === 'missing object', outcome);
  send(world, newProfile(world));
  await reachEnd(world);
  await ask(world).finish();
}
