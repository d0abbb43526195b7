/** What `flamelake inspect` prints of a bucket: everything an operator looks for, and the keys to look further. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspectObject, inspectStore } from '../../services/flamelake/src/inspect/inspect-store.ts';
import { readBucketFile } from './bucket-file.ts';
import { storeOfObjects } from './store-of-objects.ts';

const readBucket = (name: string) => storeOfObjects(readBucketFile(`${import.meta.dirname}/${name}.zst`));

async function wholeText(name: string): Promise<string> {
  const printed: string[] = [];
  await inspectStore(await readBucket(name), (text) => printed.push(text));
  return printed.join('');
}

/** What is said of an object of either bucket. */
async function textOf(key: string): Promise<string> {
  const stores = [await readBucket('bucket-v1'), await readBucket('bucket-v2')];
  const texts = await Promise.allSettled(stores.map((store) => inspectObject(store, key)));
  const said = texts.find((one) => one.status === 'fulfilled');
  return said?.value ?? assert.fail(`${key} is in neither bucket`);
}

const keysIn = (text: string): string[] => [...text.matchAll(/logs\/[\w/-]+/g)].map(([key]) => key);
const kindOf = (key: string): string => key.split('/')[4] ?? '';

const ROOT = 'logs/c09a63dc84375870b41ccf4af945d9c7/partitions/0';

test('a store whose manifest names all blocks: levels, a delete under way, a pin, the chain', async () => {
  assert.equal(
    await wholeText('bucket-v1'),
    `log c09a63dc84375870b41ccf4af945d9c7 partition 0
${ROOT}/manifests/99999999999999999434
version 565, kept from 543 on; folded up to offset 131, appended 2026-01-17T04:30:00.000Z; 6 dropped objects
pending delete cd3986d386b7ddf597054e423f650c88: acme {service_name="pay"} from 2026-01-16T23:00:00.000Z to 2026-01-17T02:00:00.000Z
pin 96ab3813e5ab79699f65f4639a7e6bf8: acme {service_name="cart"} from 2026-01-15T20:00:00.000Z to 2026-01-15T21:00:00.000Z
         blocks  bytes  datasets                      from                     until
level 1       2   1100         2  2026-01-17T04:15:00.000Z  2026-01-17T04:30:00.000Z
level 2       5   7700        13  2026-01-17T00:00:00.000Z  2026-01-17T04:00:00.000Z
level 3       3   9045         6  2026-01-15T20:15:00.000Z  2026-01-16T23:45:00.000Z
chain: 4 segments, 2308 bytes, offsets 131 to 135
first ${ROOT}/segments/00000000000000000131

`,
  );
});

test('a store with index pages: one line a day, with the key of its page', async () => {
  const text = await wholeText('bucket-v2');
  const lines = text.split('\n').map((line) => line.replace(/ +/g, ' '));
  assert.deepEqual(lines.slice(5), [
    'day blocks bytes from until index page',
    `2026-01-15 1 of level 3 2356 2026-01-15T20:15:00.000Z 2026-01-15T23:45:00.000Z ${ROOT}/pages/00000000000000000070-4fe5145075aa959c8fedfc086dfd0416`,
    `2026-01-16 1 of level 3 6634 2026-01-16T00:00:00.000Z 2026-01-16T23:45:00.000Z ${ROOT}/pages/00000000000000000462-1cd5deb4500c7d8ec6d353171bba9e79`,
    `2026-01-17 2 of level 1, 6 of level 2 9318 2026-01-17T00:00:00.000Z 2026-01-17T04:30:00.000Z ${ROOT}/pages/00000000000000000508-78ce6dfa4a87da9a9314d7de52d6bdc7`,
    'chain: 4 segments, 2120 bytes, offsets 131 to 135',
    `first ${ROOT}/segments/00000000000000000131`,
    '',
    '',
  ]);
});

test('each key that is printed leads on: manifest, page of a day, page of datasets, block, segment', async () => {
  const seen = new Map<string, string>();
  const waiting = [await wholeText('bucket-v1'), await wholeText('bucket-v2')].flatMap(keysIn);
  assert.deepEqual(new Set(waiting.map(kindOf)), new Set(['manifests', 'pages', 'segments']));
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    if (seen.has(key)) continue;
    const text = await textOf(key);
    seen.set(key, text);
    waiting.push(...keysIn(text));
  }
  const saying = (words: RegExp): number => [...seen.values()].filter((text) => words.test(text)).length;
  assert.equal(saying(/^version \d+, kept from \d+ on; /m), 2);
  assert.equal(saying(/^blocks of a day$/m), 3);
  assert.ok(saying(/^datasets of blocks\ndataset +block +bytes +from +until\n[a-z]+\/[a-z]+ +[0-9a-f]{32} +\d+ /m) > 0);
  for (const level of [0, 1, 2, 3]) assert.ok(saying(new RegExp(`^id [0-9a-f]{32}, level ${level}; log `, 'm')) > 0);
  for (const text of seen.values()) assert.doesNotMatch(text, /undefined|NaN|\[object/);
});

test('one block: where it is from, and each dataset with its bytes, times and profile types', async () => {
  const key = `${ROOT}/blocks/00000000000000000557-eec6556c3e816363fa0afafd49197cfc`;
  assert.equal(
    await inspectObject(await readBucket('bucket-v1'), key),
    `${key}
1801 bytes, written never
id eec6556c3e816363fa0afafd49197cfc, level 2; log c09a63dc84375870b41ccf4af945d9c7 partition 0, offsets 121 to 129
dataset    bytes                      from                     until                 profile types
acme/cart    528  2026-01-17T03:00:00.000Z  2026-01-17T03:45:00.000Z  test:units:count:units:count
acme/pay     479  2026-01-17T03:15:00.000Z  2026-01-17T03:15:00.000Z  test:units:count:units:count
bolt/cart    442  2026-01-17T03:30:00.000Z  2026-01-17T03:30:00.000Z  test:units:count:units:count
`,
  );
});

test('an empty store says so, and a key that is not there is named', async () => {
  const printed: string[] = [];
  const empty = await storeOfObjects([]);
  await inspectStore(empty, (text) => printed.push(text));
  assert.deepEqual(printed, ['no partition has anything written\n']);
  await assert.rejects(inspectObject(empty, `${ROOT}/blocks/none`), {
    code: 'not_found',
    details: { key: `${ROOT}/blocks/none` },
  });
});
