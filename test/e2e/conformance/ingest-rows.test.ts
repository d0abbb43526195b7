/**
 * The rows of the ingestion contract that say what must be, those that api-facts.test.ts does not have. Recordings: ingest-jfr.test.ts and
 * the truth of libs/formats/src/jfr; damaged bodies and forms without a profile: the malformed set; limits and policies: the distributor's tests.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { conformanceWorld, pprofOf } from './world.ts';

const SECOND_MS = 1_000;
/** A whole second within the ingestion window. */
const TIME_MS = Math.floor(Date.now() / SECOND_MS) * SECOND_MS - 600_000;
const SECONDS = TIME_MS / SECOND_MS;
const FOLDED = 'main;work 3\nmain 1\n';
const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';

type Body = NonNullable<RequestInit['body']>;
interface Row {
  readonly says: string;
  /** Of the request; `APP` stands for an application of the row's own. */
  readonly query: string;
  readonly body: Body;
  readonly contentType?: string;
  /** Profile type stored, and its total; nothing is stored if absent. */
  readonly type?: string;
  readonly total?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly absent?: readonly string[];
  readonly timeMs?: number;
  /** 200 if absent. */
  readonly status?: number;
}

const text = (says: string, query: string, more: Partial<Row> = {}): Row => {
  return { says, query, body: FOLDED, type: CPU, total: 40_000_000, ...more };
};
const refused = (says: string, query: string, status: number, body: Body = FOLDED): Row => ({
  says,
  query,
  body,
  status,
});
const suffix = (word: string, type: string, total: number): Row =>
  text(`suffix ${word}`, `name=APP.${word}`, { type, total });
const SAMPLED = 40_000_000;
const profile = (type = 'wall', unit = 'nanoseconds', timeMs = TIME_MS) =>
  pprofOf(type, unit, [{ frames: ['f'], value: 5 }], timeMs);
const raw = (says: string, query: string, body: Body, more: Partial<Row>): Row => {
  return { says, query: `name=APP&format=pprof&${query}`, body, total: 5, ...more };
};
const named = (sampleType: string, unit: string, name: string): Row =>
  raw(`${sampleType} is ${name}`, '', Buffer.from(profile(sampleType, unit)), {
    type: `${name}:${sampleType}:${unit}:${sampleType}:${unit}`,
  });
function form(parts: Readonly<Record<string, Uint8Array>>): FormData {
  const data = new FormData();
  for (const [name, bytes] of Object.entries(parts)) data.append(name, new Blob([new Uint8Array(bytes)]), name);
  return data;
}
/** Nodes as trees and tries have them: length, name, value, number of children. */
const node = (name: string, value: number, children: number) => [name.length, ...Buffer.from(name), value, children];
const TREE = Buffer.from([...node('', 0, 1), ...node('main', 1, 1), ...node('work', 3, 0)]);
const TRIE = Buffer.from([...node('', 0, 1), ...node('main', 1, 1), ...node(';work', 3, 0)]);
const SPEEDSCOPE = JSON.stringify({
  $schema: 'https://www.speedscope.app/file-format-schema.json',
  shared: { frames: [{ name: 'main' }, { name: 'work' }] },
  profiles: [
    { type: 'sampled', name: 'p', unit: 'none', startValue: 0, endValue: 4, samples: [[0, 1], [0]], weights: [3, 1] },
  ],
});
const SPEEDSCOPES = SPEEDSCOPE.replace('"none"', '"milliseconds"').replace(
  '"profiles":[',
  '"profiles":[{"type":"sampled","name":"p","unit":"milliseconds","startValue":0,"endValue":0,"samples":[],"weights":[]},',
);
const WALL = 'wall:wall:nanoseconds:wall:nanoseconds';

const ROWS: readonly Row[] = [
  refused('no name', 'from=1', 400),
  refused('an empty application', 'name=', 400),
  refused('labels without an application', 'name={a=b}', 400),
  refused('a reserved label', 'name=APP{__name__=x}', 400),
  refused('a brace that does not end', 'name=APP{a=b', 400),
  refused('an unknown suffix', 'name=APP.nothing', 400),
  text('empty braces', 'name=APP{}'),
  text('labels, blanks around them, the last of a name', 'name=APP{ a = x , b.c=1:2-/ , a=y }', {
    labels: { a: 'y', 'b.c': '1:2-/', pyroscope_spy: 'unknown' },
  }),
  text('private labels are dropped, the session too', 'name=APP{__x__=1,__session_id__=0123456789abcdef}', {
    absent: ['__x__', '__session_id__', '__delta__'],
  }),
  text('a single span is dropped', 'name=APP{profile_id=0123456789abcdef}', { type: undefined }),
  text('the spy is a label', 'name=APP&spyName=rbspy', { labels: { pyroscope_spy: 'rbspy' } }),
  text('unknown and empty parameters', 'name=APP&units=&aggregationType=&other=1'),
  text('a rate', 'name=APP&sampleRate=1000', { total: 4_000_000 }),
  text('a rate that is none', 'name=APP&sampleRate=many'),
  text('a rate below 0', 'name=APP&sampleRate=-5'),
  text('rate 0 counts samples', 'name=APP&sampleRate=0', { type: 'process_cpu:samples:count::', total: 4 }),
  text('time in seconds', `name=APP&from=${SECONDS}`, { timeMs: TIME_MS }),
  text('time in ms', `name=APP&from=${TIME_MS}`, { timeMs: TIME_MS }),
  text('time in µs', `name=APP&from=${TIME_MS}000`, { timeMs: TIME_MS }),
  text('time in ns', `name=APP&from=${TIME_MS}000000`, { timeMs: TIME_MS }),
  text('time with underscores', `name=APP&from=${String(SECONDS).replace(/^(\d{4})/, '$1_')}`, { timeMs: TIME_MS }),
  text('a time that is none is now', 'name=APP&from=yesterday&until=x'),
  text('now and some minutes before', 'name=APP&from=now-30m'),
  text('now less a sum of units', 'name=APP&from=now-0h20m30s'),
  text('a time with blanks and commas', `name=APP&from=${String(TIME_MS).replace(/^(\d)(\d{3})/, '$1,$2 ')}`, {
    timeMs: TIME_MS,
  }),
  refused('a time to come', 'name=APP&from=now%2B2d', 422),
  refused('a day of long ago is no time to push', 'name=APP&from=20200101', 422),
  text('folded by another word', 'name=APP&format=folded'),
  text('a format nobody knows is folded text', 'name=APP&format=xyz'),
  text('folded, gzipped or not', 'name=APP&format=groups', { body: gzipSync(FOLDED) }),
  text('lines count 1 each', 'name=APP&format=lines', { body: 'main;work\nmain;work\nmain\n', total: 30_000_000 }),
  text('a trie by format', 'name=APP&format=trie', { body: TRIE }),
  text('a trie by content type', 'name=APP', { body: TRIE, contentType: 'binary/octet-stream+trie' }),
  text('a tree by format', 'name=APP&format=tree', { body: TREE }),
  text('a tree by content type', 'name=APP', { body: TREE, contentType: 'binary/octet-stream+tree' }),
  text('a content type not quite a tree', 'name=APP', { contentType: 'binary/octet-stream+tree; x' }),
  text('speedscope of one profile keeps the suffix', 'name=APP&format=speedscope', { body: SPEEDSCOPE }),
  text('speedscope of several profiles names each, in its own unit', 'name=APP&format=speedscope', {
    body: SPEEDSCOPES,
    type: 'wall:wall:nanoseconds:cpu:nanoseconds',
    total: 4_000_000,
    labels: { profile_name: 'p' },
  }),
  refused('speedscope of another schema', 'name=APP&format=speedscope', 400, SPEEDSCOPE.replace('speedscope.app', 'x')),
  refused('folded text without a count', 'name=APP', 400, 'main;work\n'),
  refused('a recording that is none', 'name=APP&format=jfr', 422, 'FLR'),
  suffix('cpu', CPU, SAMPLED),
  suffix('itimer', CPU, SAMPLED),
  ...['wall', 'seconds', 'milliseconds', 'microseconds', 'nanoseconds'].map((word) =>
    suffix(word, 'wall:wall:nanoseconds:cpu:nanoseconds', SAMPLED),
  ),
  ...['inuse_objects', 'alloc_objects', 'alloc_in_new_tlab_objects', 'alloc_outside_tlab_objects', 'live'].map((word) =>
    suffix(word, `memory:${word}:count::`, 4),
  ),
  ...['inuse_space', 'alloc_space', 'alloc_in_new_tlab_bytes', 'alloc_outside_tlab_bytes'].map((word) =>
    suffix(word, `memory:${word}:bytes::`, 4),
  ),
  suffix('goroutines', 'goroutine:goroutines:count::', 4),
  suffix('mutex_count', 'mutex:contentions:count::', 4),
  suffix('mutex_duration', 'mutex:delay:nanoseconds::', 4),
  suffix('block_count', 'block:contentions:count::', 4),
  suffix('lock_count', 'block:contentions:count::', 4),
  suffix('block_duration', 'block:delay:nanoseconds::', 4),
  suffix('lock_duration', 'block:delay:nanoseconds::', 4),
  suffix('exceptions', 'exceptions:samples:count::', 4),
  suffix('bytes', 'memory:samples:bytes::', 4),
  named('wall', 'nanoseconds', 'wall'),
  named('cpu', 'nanoseconds', 'process_cpu'),
  named('alloc_space', 'bytes', 'memory'),
  named('objects', 'count', 'memory'),
  named('mutex_count', 'count', 'mutex'),
  named('block_count', 'count', 'block'),
  named('goroutines', 'count', 'goroutines'),
  named('apples', 'count', 'apples'),
  named('goroutine', 'count', 'goroutines'),
  named('contentions', 'count', 'mutex'),
  named('delay', 'nanoseconds', 'mutex'),
  named('samples', 'count', 'process_cpu'),
  raw('a form that says it is pprof', '', form({ profile: profile() }), { type: WALL }),
  raw(
    'a profile of the hour to come',
    `from=${SECONDS}`,
    Buffer.from(profile('wall', 'nanoseconds', TIME_MS + 5_400_000)),
    {
      status: 422,
    },
  ),
  raw('gzip is known by its bytes', '', gzipSync(profile()), { type: WALL, contentType: 'text/plain' }),
  raw('a profile of 1970 takes from', `from=${SECONDS}`, Buffer.from(profile('wall', 'nanoseconds', 1_000)), {
    type: WALL,
    timeMs: TIME_MS,
  }),
  raw('what is no pprof', '', 'no pprof', { status: 422 }),
  raw('a profile of yesterday', '', Buffer.from(profile('wall', 'nanoseconds', Date.now() - 86_400_000)), {
    status: 422,
  }),
  { says: 'a form without a format', query: 'name=APP', body: form({ profile: profile() }), type: WALL, total: 5 },
  {
    says: 'a form of another format',
    query: 'name=APP&format=x',
    body: form({ profile: profile() }),
    type: WALL,
    total: 5,
  },
  { says: 'an empty profile', query: 'name=APP', body: form({ profile: new Uint8Array() }) },
  {
    says: 'a profile with the one before',
    query: 'name=APP',
    body: form({ profile: profile(), prev_profile: profile() }),
    status: 422,
  },
  {
    says: 'a configuration names the profile',
    query: 'name=APP',
    body: form({
      profile: profile('apples', 'count'),
      sample_type_config: Buffer.from('{"apples":{"units":"x","display-name":"block_apples"}}'),
    }),
    type: 'block:apples:count:apples:count',
    total: 5,
  },
  {
    says: 'a service in the name is the service, not the application',
    query: 'name=other{service_name=APP}&format=pprof',
    body: Buffer.from(profile()),
    type: WALL,
    total: 5,
    absent: ['app_name'],
  },
  text('of text the application stays a label then', 'name=other{service_name=APP}', { labels: { app_name: 'other' } }),
];

const answers: { status: number; text: string }[] = [];
const appOf = (row: number) => `row-${row}`;
const world = conformanceWorld(async (own) => {
  for (const [i, { query, body, contentType }] of ROWS.entries()) {
    const path = i % 2 === 0 ? '/ingest' : '/pyroscope/ingest';
    const search = query.replaceAll('APP', appOf(i)).replaceAll(' ', '%20');
    const headers = contentType === undefined ? undefined : { 'content-type': contentType };
    const answer = await fetch(`${own.url}${path}?${search}`, { method: 'POST', body, ...(headers && { headers }) });
    answers.push({ status: answer.status, text: await answer.text() });
    const commit = answer.headers.get('x-flamelake-commit');
    if (commit !== null) own.commit = { 'x-flamelake-commit': commit };
  }
});

for (const [i, row] of ROWS.entries()) {
  test(`${row.says}: ${row.query}`, async () => {
    const { status, text: said } = answers[i];
    assert.equal(status, row.status ?? 200, said);
    if (status === 200) assert.equal(said, '');
    else assert.match(said, /^\{"code":"[a-z_]+","message":"[^"]/);
    const labelSelector = `{service_name="${appOf(i)}"}`;
    const range = { start: TIME_MS - 3_000_000, end: Date.now() + 60_000 };
    const asked = { ...range, matchers: [labelSelector], labelNames: [] };
    const utf8 = { accept: '*/*; allow-utf8-labelnames=true' };
    const found = await world.query('Series', asked, utf8);
    if (row.type === undefined) {
      assert.deepEqual(found, {});
      return;
    }
    const { labelsSet } = found;
    assert.equal(labelsSet.length, 1);
    const labels = Object.fromEntries(labelsSet[0].labels.map(({ name, value }) => [name, value]));
    assert.equal(labels.__profile_type__, row.type);
    for (const [name, value] of Object.entries(row.labels ?? {})) assert.equal(labels[name], value, name);
    for (const name of row.absent ?? []) assert.equal(labels[name], undefined, name);
    const exact =
      row.timeMs === undefined ? { ...range, step: 86_400 } : { start: row.timeMs, end: row.timeMs, step: 1 };
    const { series } = await world.query('SelectSeries', { ...exact, profileTypeID: row.type, labelSelector });
    assert.deepEqual(
      series.map(({ points }) => points.map(({ value }) => value)),
      [[row.total]],
    );
  });
}

const push = (series: readonly object[]) => world.call('push.v1.PusherService/Push', { series });
const samples = [{ rawProfile: Buffer.from(profile()).toString('base64') }];
const label = (name: string, value: string) => ({ name, value });

test('Push: nothing, no name, no service, one of several unsound', async () => {
  const outcome = async (series: readonly object[]) => {
    const { status, headers, body } = await push(series);
    const commit = headers.get('x-flamelake-commit');
    if (commit !== null) world.commit = { 'x-flamelake-commit': commit };
    return status === 200 ? JSON.stringify(body) : `${status} ${String(body.code)}`;
  };
  const services = async () => {
    const asked = { start: TIME_MS - 3_000_000, end: Date.now() + 60_000, name: 'service_name' };
    return (await world.query('LabelValues', asked)).names;
  };
  assert.equal(await outcome([]), '400 invalid_argument');
  assert.equal(await outcome([{ labels: [label('service_name', 'nameless')], samples }]), '400 invalid_argument');
  assert.equal(await outcome([{ labels: [label('__name__', 'wall')], samples }]), '{}');
  assert.ok((await services()).includes('unknown_service'));
  const two = ['sound', 'unsound'].map((service, i) => ({
    labels: [label('__name__', 'wall'), label('service_name', service)],
    samples: i === 0 ? [...samples, ...samples] : [{ rawProfile: Buffer.from('x').toString('base64') }],
  }));
  assert.equal(await outcome(two), '400 invalid_argument');
  // The answer says of no push where it went; this one is behind what of it was stored.
  assert.equal(await outcome([two[0]]), '{}');
  const all = await services();
  assert.ok(all.includes('sound') && !all.includes('unsound') && !all.includes('nameless'), String(all));
});
