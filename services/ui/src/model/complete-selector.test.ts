/** What a selector can go on with, and what a server says of itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseMetrics, parseOptions, sumOf } from '../api/server.ts';
import { completed, completionAt } from './complete-selector.ts';
import { limitsOf } from './limits.ts';
import { queryFigures } from './query-figures.ts';
import { parseSelector } from './selector.ts';
import { snippetsFor } from './snippets.ts';

test('names and values are offered where they fit', () => {
  assert.deepEqual(completionAt('{ser', 4), { label: '', typed: 'ser', from: 1 });
  assert.deepEqual(completionAt('{a="b", re', 10), { label: '', typed: 're', from: 8 });
  assert.deepEqual(completionAt('{region=~"e', 11), { label: 'region', typed: 'e', from: 10 });
  assert.deepEqual(completionAt('{"k8s.pod"="', 12), { label: 'k8s.pod', typed: '', from: 12 });
  assert.equal(completionAt('{a="b"', 6), undefined);
});

test('what is picked makes a selector, whatever its letters', () => {
  fc.assert(
    fc.property(fc.string(), fc.string({ minLength: 1 }), (value, name) => {
      const first = completed('', 0, { label: '', typed: '', from: 0 }, name);
      const at = completionAt(first.text, first.cursor);
      if (at === undefined || at.label !== name) return;
      const whole = completed(first.text, first.cursor, at, value);
      assert.equal(whole.cursor, whole.text.length);
      assert.ok(parseSelector(`${whole.text}}`) !== undefined, whole.text);
    }),
  );
  assert.deepEqual(completed('{a="b"}', 5, { label: 'a', typed: 'b', from: 4 }, 'other'), {
    text: '{a="other"}',
    cursor: 10,
  });
});

test('options and limits are read as the server writes them', () => {
  const options = parseOptions(
    'limits.retention-period: 31d\nlimits.ingestion-rate: "0"\nlimits.sampling-rules:\n  - x: y\nserver.port: 4040\n',
  );
  assert.deepEqual(
    [...options],
    [
      ['limits.retention-period', '31d'],
      ['limits.ingestion-rate', '0'],
      ['server.port', '4040'],
    ],
  );
  assert.deepEqual(
    limitsOf(options).map(({ words, value }) => `${words} ${value}`),
    ['Profiles are kept for 31 days', 'Bytes that are taken a second any number'],
  );
});

test('limits read as people write them', () => {
  const values = ['1h', '90m', '32MiB', '250000', '5m30s', '0s'].map(
    (value) => limitsOf(new Map([['limits.ingestion-window', value]]))[0]?.value,
  );
  assert.deepEqual(values, ['1 hour', '90 minutes', '32 MiB', '250,000', '5m30s', 'any age']);
});

test('queries are counted, and half of them are within a bound', () => {
  const line = (rest: string): string => `flamelake_request_duration_seconds_${rest}`;
  const route = 'route="/querier.v1.QuerierService/SelectSeries",method="POST"';
  const metrics = parseMetrics(
    [
      line(`bucket{le="0.01",${route},status_code="200"} 4`),
      line(`bucket{le="0.1",${route},status_code="200"} 8`),
      line(`bucket{le="+Inf",${route},status_code="200"} 10`),
      line(`count{${route},status_code="200"} 10`),
      line(`count{${route},status_code="503"} 2`),
      line('count{route="/push.v1.PusherService/Push",method="POST",status_code="200"} 70'),
    ].join('\n'),
  );
  assert.deepEqual(queryFigures(metrics), { answered: 10, failed: 2, halfWithinSeconds: 0.1 });
});

test('metrics are read, and summed by a label', () => {
  const metrics = parseMetrics(
    '# HELP a b\nflamelake_x{tenant="t\\"}",reason="r"} 3\nflamelake_x{tenant="u"} 4\nflamelake_y 0.5\n',
  );
  assert.equal(sumOf(metrics, 'flamelake_x'), 7);
  assert.equal(sumOf(metrics, 'flamelake_x', 'tenant', 'u'), 4);
  assert.equal(sumOf(metrics, 'flamelake_y'), 0.5);
  assert.equal(metrics[0]?.labels.get('reason'), 'r');
});

test('snippets name the server, and the tenant where there are several', () => {
  for (const { text } of snippetsFor('http://h:1', 'blue'))
    assert.match(text, /http:\/\/h:1[^]*blue|blue[^]*http:\/\/h:1/);
  for (const { text } of snippetsFor('http://h:1', '')) assert.doesNotMatch(text, /tenant|OrgID/i);
});
