/** Named simulations of index pages. */
import { commitChange, limitCatalog } from '@flamelake/catalog';
import { createWorld } from '../world.ts';
import {
  ask,
  expectThat,
  fold,
  newProfile,
  outlast,
  PUT_MANIFEST,
  sweep,
  sweepTwice,
  writeEach,
} from './stage-directions.ts';

/** Index pages for everything. */
const ALL_IN_PAGES = { manifestBytes: 0, dayPageBytes: 0, pageDatasets: 1 };

/** A page of which the key lies below the floor is replaced, and versions that name it are still kept. */
export async function pageOfOlderVersion(): Promise<void> {
  const world = createWorld('page of an older version', { catalog: ALL_IN_PAGES });
  await writeEach(world, newProfile(world), newProfile(world), newProfile(world));
  await fold(world, 1).finish();
  await fold(world, 1).finish();
  // The page of the day is written behind those of its datasets.
  const page = [...world.store.objects.keys()].findLast((key) => /\/pages\/0*1-/.test(key));
  await sweepTwice(world);
  await outlast(world);
  await fold(world, 1).finish();
  await sweep(world).finish();
  const { floor } = world.observer.newest;
  expectThat(floor === 3, `the floor is above the version that the page extends: ${floor}`);
  expectThat(page !== undefined && world.store.objects.has(page), 'the page is kept for older versions');
  await ask(world).finish();
  await sweepTwice(world);
  await sweepTwice(world);
  expectThat(page !== undefined && !world.store.objects.has(page), 'the page is swept when no kept version names it');
  await ask(world).finish();
}

/** A commit moves blocks to pages, and sleeps before its put until these pages are swept; then it does the same again. */
export async function committerWithSweptPages(): Promise<void> {
  const world = createWorld('committer with swept pages');
  await writeEach(world, newProfile(world), newProfile(world));
  await fold(world, 1).finish();
  await fold(world, 1).finish();
  const { root } = world;
  const sleeper = world.job('pinner', async (_, store) => {
    limitCatalog(store, ALL_IN_PAGES);
    const pin = { id: 'pin', tenant: 'anonymous', selector: '{}', fromMs: 0, untilMs: 1 };
    return (await commitChange(store, root, { kind: 'pin', id: 'change', pin })).outcome;
  });
  await sleeper.holdAt(PUT_MANIFEST);
  const pages = () => [...world.store.objects.keys()].filter((key) => key.includes('/pages/'));
  expectThat(pages().length > 0, 'pages are written before the version that names them');
  for (let i = 0; i < 5 && pages().length > 0; i++) await sweepTwice(world);
  expectThat(pages().length === 0, 'the pages are swept');
  const outcome = await sleeper.finish();
  expectThat(outcome === 'committed' && pages().length > 0, `the pages are written again, ${outcome}`);
  await ask(world).finish();
}
