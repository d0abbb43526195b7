/** Uploaded files: kept by tenant, drawn, compared, gone when they should be. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type Clock, FlamelakeError } from '@flamelake/model';
import { createMemoryStore } from '@flamelake/object-store';
import { createLogger, createMetrics } from '@flamelake/runtime';
import { createSeededRandom } from '@flamelake/testkit';
import { type AdHocLimits, createAdHocProfiles } from './ad-hoc-profiles.ts';
import { createDrawAside } from './draw-aside.ts';
import { sweepAdHoc } from './sweep-ad-hoc.ts';

const CORPUS = join(import.meta.dirname, '../../../../test/corpus');
const HOUR_MS = 3_600_000;
const SIGNAL = new AbortController().signal;

interface Flamebearer {
  readonly flamebearer: { readonly names: string[]; readonly levels: number[][]; readonly numTicks: number };
  readonly metadata: { readonly format: string; readonly name: string; readonly units: string };
  readonly leftTicks?: number;
  readonly rightTicks?: number;
}

function world(limits: Partial<AdHocLimits> = {}) {
  let nowMs = 1_795_000_000_000;
  const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => 0, sleep: () => Promise.resolve() };
  const store = createMemoryStore({ clock });
  const own = { filesMax: 3, fileBytesMax: 200_000, expireBeforeMs: 0, nodesDefault: 100, nodesMax: 1_000, ...limits };
  const files = createAdHocProfiles({
    store,
    random: createSeededRandom(1),
    clock,
    limits: (tenant) => (tenant === 'forgets' ? { ...own, expireBeforeMs: nowMs - HOUR_MS } : own),
    draw: createDrawAside(),
  });
  const upload = (name: string, content: string | Uint8Array, tenant = 't') =>
    files.upload(tenant, { name, bytes: Buffer.from(content as string) }, SIGNAL);
  const stored = async () =>
    (await store.list('tenants/', { limit: 1_000 })).filter(({ key }) => key.includes('/files/'));
  return { files, store, clock, upload, stored, pass: (ms: number) => (nowMs += ms) };
}

const parse = (json: string): Flamebearer => JSON.parse(json);
const read = (file: string) => readFileSync(join(CORPUS, file));

test('a file is drawn as it is uploaded, listed and drawn again', async () => {
  const { files, upload, pass } = world();
  const drawn = await upload('my stacks (1).folded', 'main;work 5\nmain;idle 3\n');
  assert.match(drawn.id, /^[0-9A-Z]{26}-my_stacks__1_.folded$/);
  assert.equal(drawn.name, 'my stacks (1).folded');
  assert.deepEqual([drawn.profileType, drawn.profileTypes], ['samples', ['samples']]);
  const graph = parse(drawn.json);
  assert.equal(graph.flamebearer.numTicks, 8);
  assert.deepEqual(graph.flamebearer.names, ['total', 'main', 'idle', 'work']);
  assert.deepEqual(graph.flamebearer.levels, [
    [0, 8, 0, 0],
    [0, 8, 0, 1],
    [0, 3, 3, 2, 0, 5, 5, 3],
  ]);
  pass(1_000);
  const second = await upload('b', 'x 1\n');
  assert.deepEqual(
    (await files.list('t')).map(({ id }) => id),
    [second.id, drawn.id],
  );
  assert.deepEqual(await files.get('t', drawn.id, {}, SIGNAL), drawn);
});

test('totals of real files are those of their truth, by type', async () => {
  interface Entry {
    readonly file: string;
    readonly format: string;
    readonly total?: number;
    readonly sample_types?: readonly { readonly type: string; readonly total: number }[];
  }
  const index = JSON.parse(read('index.json').toString()) as Entry[];
  const seen = new Set<string>();
  const entries = index.filter(({ file, sample_types, total, format }) => {
    const kind = `${format}/${file.split('/')[1]}`;
    const isNew = (sample_types ?? total) !== undefined && !seen.has(kind);
    return isNew && seen.add(kind);
  });
  assert.ok(entries.length >= 8);
  const { files } = world({ filesMax: 100 });
  for (const { file, sample_types, total } of entries) {
    const { id, profileType } = await files.upload('t', { name: file, bytes: read(file) }, SIGNAL);
    for (const type of sample_types ?? [{ type: profileType, total: total ?? 0 }]) {
      const drawn = await files.get('t', id, { profileType: type.type }, SIGNAL);
      assert.equal(parse(drawn.json).flamebearer.numTicks, type.total, `${file} ${type.type}`);
      assert.equal(parse(drawn.json).metadata.name, type.type);
    }
  }
});

test('a recording has several types, samples of time first', async () => {
  const { files } = world();
  const bytes = read('extracted/java-bank/0001.jfr.gz');
  const { profileTypes, profileType, json, id } = await files.upload('t', { name: 'a.jfr', bytes }, SIGNAL);
  assert.equal(profileType, 'cpu');
  assert.equal(parse(json).flamebearer.numTicks, 198 * 10_000_000);
  assert.ok(profileTypes.includes('alloc_in_new_tlab_objects'));
  const locks = await files.get('t', id, { profileType: 'contentions' }, SIGNAL);
  assert.equal(parse(locks.json).flamebearer.numTicks, 257);
});

test('a saved flame graph can be uploaded, numbers past 2^53 too', async () => {
  const { upload } = world();
  const big = '9007199254740993';
  const saved = `{"version":1,"flamebearer":{"names":["total","a"],"levels":[[0,${big},0,0],[0,${big},${big},1]],
    "numTicks":${big},"maxSelf":${big}},"metadata":{"format":"single","sampleRate":1000000000,"units":"samples","name":"cpu"}}`;
  const { json, profileType } = await upload('saved.json', saved);
  assert.equal(profileType, 'cpu');
  assert.ok(json.includes(`"levels":[[0,${big},0,0],[0,${big},${big},1]]`));
  assert.deepEqual(parse((await upload('again.json', json)).json), parse(json));
  await assert.rejects(upload('diff.json', saved.replace('single', 'double')), { code: 'invalid_argument' });
});

test('two files are compared by a type both have', async () => {
  const { files, upload } = world();
  const left = await upload('l', 'a;b 3\na;c 1\n');
  const right = await upload('r', gzipSync('a;b 5\n'));
  const { json, profileTypes } = await files.diff('t', { left: left.id, right: right.id }, {}, SIGNAL);
  const graph = parse(json);
  assert.deepEqual([graph.metadata.format, graph.leftTicks, graph.rightTicks], ['double', 4, 5]);
  assert.deepEqual(profileTypes, ['samples']);
  const heap = await files.upload('t', { name: 'go', bytes: read('extracted/go-shop/0001-profile.pb.gz') }, SIGNAL);
  await assert.rejects(files.diff('t', { left: left.id, right: heap.id }, {}, SIGNAL), { code: 'invalid_argument' });
});

test('each tenant has its own files', async () => {
  const { files, upload } = world();
  const { id } = await upload('a', 'x 1\n');
  assert.deepEqual(await files.list('u'), []);
  await assert.rejects(files.get('u', id, {}, SIGNAL), { code: 'not_found' });
  await files.delete('u', id);
  assert.equal((await files.list('t')).length, 1);
});

test('the oldest makes way, expired files are gone, deleted ones too, and nothing of them stays', async () => {
  const { files, store, upload, stored, pass } = world();
  const ids: string[] = [];
  for (const name of ['a', 'b', 'c', 'd']) {
    ids.push((await upload(name, 'x 1\n')).id);
    pass(1_000);
  }
  assert.deepEqual(
    (await files.list('t')).map(({ name }) => name),
    ['d', 'c', 'b'],
  );
  await assert.rejects(files.get('t', ids[0] ?? '', {}, SIGNAL), { code: 'not_found' });
  await files.delete('t', ids[3] ?? '');
  await files.delete('t', ids[3] ?? '');
  assert.equal((await stored()).length, 2);

  const { id } = await upload('a', 'x 1\n', 'forgets');
  pass(2 * HOUR_MS);
  assert.deepEqual(await files.list('forgets'), []);
  await assert.rejects(files.get('forgets', id, {}, SIGNAL), { code: 'not_found' });
  // What a crash left unlisted goes with the next change.
  await store.put('tenants/forgets/ad-hoc/files/01KAAAAAAAAAAAAAAAAAAAAAAA', Buffer.from('x'));
  await upload('b', 'x 1\n', 'forgets');
  assert.equal((await stored()).length, 3);
});

test('all of a tenant go at once, by the time they were uploaded; others stay', async () => {
  const { files, upload, stored, pass } = world();
  const first = await upload('a', 'x 1\n');
  pass(1_000);
  const second = await upload('b', 'x 1\n');
  await upload('c', 'x 1\n', 'other');
  await files.deleteAll('t', { fromMs: second.uploadedAtMs, untilMs: Number.MAX_SAFE_INTEGER });
  assert.deepEqual(
    (await files.list('t')).map(({ id }) => id),
    [first.id],
  );
  await files.deleteAll('t', { fromMs: 0, untilMs: Number.MAX_SAFE_INTEGER });
  assert.deepEqual([(await files.list('t')).length, (await stored()).length], [0, 1]);
  await files.deleteAll('nobody', { fromMs: 0, untilMs: Number.MAX_SAFE_INTEGER });
});

test('expired files are swept without another upload, tenant by tenant, whatever one of them does', async () => {
  const { files, store, clock, upload, stored, pass } = world();
  await upload('a', 'x 1\n', 'forgets');
  await upload('b', 'x 1\n', 'keeps');
  await store.put('tenants/keeps/ad-hoc/files/01KAAAAAAAAAAAAAAAAAAAAAAA', Buffer.from('left by a crash'));
  pass(2 * HOUR_MS);
  const [stopping, metrics] = [new AbortController(), createMetrics()];
  let [rounds, asked] = [0, 0];
  await sweepAdHoc(
    {
      store,
      files: {
        sweep: async (tenant) => {
          // The first round fails; what it left the second finds.
          if (asked++ === 0) throw new FlamelakeError('unavailable', 'not for now');
          return files.sweep(tenant);
        },
      },
      clock: {
        ...clock,
        sleep: async () => {
          if (++rounds === 3) stopping.abort();
        },
      },
      random: createSeededRandom(2),
      logger: createLogger({ level: 'silent' }),
      metrics,
    },
    stopping.signal,
  );
  const [left] = await stored();
  assert.match(left.key, /^tenants\/keeps\//);
  assert.equal((await stored()).length, 1);
  assert.match(await metrics.text(), /flamelake_ad_hoc_swept_files_total 2/);
  assert.equal((await files.list('keeps')).length, 1);
});

test('what is no profile is refused and not kept', async () => {
  const { files, upload, stored } = world();
  const bad: readonly (readonly [string, string | Uint8Array])[] = [
    ['a.txt', 'hello world'],
    ['a', Buffer.from([1, 2, 3, 0, 255])],
    ['a.pprof', 'no pprof'],
    ['a.json', '{}'],
    ['a.json', '{"flamebearer":{"names":["total"],"levels":[[0,-1,0,0]]},"metadata":{}}'],
    ['a.json', '{"flamebearer":'],
    ['large', 'a'.repeat(200_001)],
    ['n'.repeat(256), 'a 1\n'],
    ['bomb', gzipSync(Buffer.alloc(70_000_000))],
  ];
  for (const [name, content] of bad) await assert.rejects(upload(name, content), { code: 'invalid_argument' }, name);
  for (const id of ['', 'x', '../../../store.json', `${'0'.repeat(26)}-a/b`]) {
    await assert.rejects(files.get('t', id, {}, SIGNAL), { code: 'invalid_argument' }, id);
  }
  await assert.rejects(files.get('t', `${'0'.repeat(26)}-a`, {}, SIGNAL), { code: 'not_found' });
  const { id } = await upload('a', 'x 1\n');
  await assert.rejects(files.get('t', id, { profileType: 'cpu' }, SIGNAL), { code: 'invalid_argument' });
  await assert.rejects(files.get('t', id, { maxNodes: -1 }, SIGNAL), { code: 'invalid_argument' });
  assert.equal((await stored()).length, 1);
});
