import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAppName } from './app-name.ts';
import { parseIngestQuery } from './ingest-request.ts';

const read: readonly (readonly [text: string, app: string, labels: Readonly<Record<string, string>>])[] = [
  ['shop', 'shop', {}],
  ['shop.pricing/v2-a_b', 'shop.pricing/v2-a_b', {}],
  ['shop{}', 'shop', {}],
  ['shop{ }', 'shop', {}],
  ['shop{a=b}', 'shop', { a: 'b' }],
  ['shop{ a = b c , otel.scope.name=com/x:1 }', 'shop', { a: 'b c', 'otel.scope.name': 'com/x:1' }],
  ['shop{a=1,b=2,a=3}', 'shop', { a: '3', b: '2' }],
  ['shop{a=x=y}', 'shop', { a: 'x=y' }],
  ['shop{a=}', 'shop', { a: '' }],
  ['shop{__session_id__=77e425ea48b3919f}', 'shop', { __session_id__: '77e425ea48b3919f' }],
];
for (const [text, app, labels] of read) {
  test(`name ${text}`, () => {
    const parsed = parseAppName(text);
    assert.equal(parsed.app, app);
    assert.deepEqual(Object.fromEntries(parsed.labels.map(({ name, value }) => [name, value])), labels);
  });
}

const refused = [
  null,
  '',
  '{}',
  '{a=b}',
  'a b',
  'a"b',
  'app{',
  'app{a=b',
  'app}',
  'app{a}',
  'app{=b}',
  'app{a=b,}',
  'app{a=b}}',
];
for (const text of [...refused, 'app{a=b}x', 'app{a b=c}', 'app{a-b=c}', 'app{__name__=x}']) {
  test(`name ${text} is refused`, () => {
    assert.throws(() => parseAppName(text), { code: 'invalid_argument' });
  });
}

const NOW_MS = 1_795_206_485_000;

test('everything in the query but the name has a default and cannot be wrong', () => {
  const parse = (text: string, contentType = '') => parseIngestQuery(new URLSearchParams(text), contentType, NOW_MS);
  const bare = parse('name=a&from=nan&until=&units=&sampleRate=-1&other=1');
  assert.deepEqual(
    [bare.fromMs, bare.untilMs, bare.sampleRate, bare.spyName, bare.format],
    [NOW_MS, NOW_MS, 100, 'unknown', 'groups'],
  );
  const full = parse('name=a&from=1795206470000000000&until=now-1h&sampleRate=0&spyName=gospy&format=pprof');
  assert.deepEqual(
    [full.fromMs, full.untilMs, full.sampleRate, full.spyName, full.format],
    [1_795_206_470_000, NOW_MS - 3_600_000, 0, 'gospy', 'pprof'],
  );
});

test('the format is decided in the order of the contract', () => {
  const formatOf = (format: string, contentType: string) =>
    parseIngestQuery(new URLSearchParams(`name=a&format=${format}`), contentType, NOW_MS).format;
  const form = 'multipart/form-data; boundary=x';
  assert.equal(formatOf('trie', form), 'trie');
  assert.equal(formatOf('', 'binary/octet-stream+tree'), 'tree');
  assert.equal(formatOf('lines', form), 'lines');
  assert.equal(formatOf('jfr', form), 'jfr');
  assert.equal(formatOf('pprof', 'application/octet-stream'), 'pprof');
  assert.equal(formatOf('pprof', form), 'multipart');
  assert.equal(formatOf('speedscope', ''), 'speedscope');
  assert.equal(formatOf('', form), 'multipart');
  assert.equal(formatOf('unknown', form), 'multipart');
  assert.equal(formatOf('', 'Multipart/Form-Data; boundary=x'), 'groups');
  assert.equal(formatOf('folded', ''), 'groups');
});
