import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileRelabelRules, FlamelakeError, parseRelabelRules, sortLabels } from './index.ts';

function relabel(rules: unknown, labels: Readonly<Record<string, string>>): Record<string, string> | undefined {
  const relabelled = compileRelabelRules(parseRelabelRules(rules))(
    sortLabels(Object.entries(labels).map(([name, value]) => ({ name, value }))),
  );
  return relabelled && Object.fromEntries(relabelled.map(({ name, value }) => [name, value]));
}

test('each action does what the documentation says', () => {
  const labels = { a: 'foo', b: 'bar', c: 'baz' };
  const cases: readonly (readonly [rule: object, expected: Record<string, string> | undefined])[] = [
    [
      { source_labels: ['a'], regex: 'f(.*)', target_label: 'd', replacement: 'ch${1}-ch$1' },
      { ...labels, d: 'choo-choo' },
    ],
    [
      { source_labels: ['a', 'b'], regex: 'f(.*);(.*)r', target_label: 'a', replacement: 'b${1}${2}m' },
      { ...labels, a: 'boobam' },
    ],
    [
      { source_labels: ['a'], regex: '(?P<first>.).*', target_label: 'd', replacement: '$first$$' },
      { ...labels, d: 'f$' },
    ],
    [{ source_labels: ['a'], regex: 'no', target_label: 'd', replacement: 'x' }, labels],
    [
      { source_labels: ['a'], regex: '(f).*', target_label: '${1}oo', replacement: 'x' },
      { ...labels, foo: 'x' },
    ],
    [
      { source_labels: ['a'], regex: '.*', target_label: 'b', replacement: '$2' },
      { a: 'foo', c: 'baz' },
    ],
    [
      { target_label: 'd', replacement: 'set' },
      { ...labels, d: 'set' },
    ],
    [{ action: 'keep', source_labels: ['a'], regex: 'fo' }, undefined],
    [{ action: 'keep', source_labels: ['a'], regex: 'fo.' }, labels],
    [{ action: 'Drop', source_labels: ['a', 'b'], separator: '-', regex: 'foo-bar' }, undefined],
    [{ action: 'drop', source_labels: ['z'], regex: '' }, undefined],
    [{ action: 'keepequal', source_labels: ['a'], target_label: 'b' }, undefined],
    [{ action: 'dropequal', source_labels: ['a'], target_label: 'b' }, labels],
    [
      { action: 'labelmap', regex: '(a|b)', replacement: 'x_$1' },
      { ...labels, x_a: 'foo', x_b: 'bar' },
    ],
    [{ action: 'labeldrop', regex: '[ab]' }, { c: 'baz' }],
    [
      { action: 'labelkeep', regex: '[ab]' },
      { a: 'foo', b: 'bar' },
    ],
    [
      { action: 'uppercase', source_labels: ['a'], target_label: 'd' },
      { ...labels, d: 'FOO' },
    ],
    // From Prometheus' own documentation of the algorithm: the last eight bytes of MD5, big-endian.
    [
      { action: 'hashmod', source_labels: ['c'], target_label: 'd', modulus: 1000 },
      { ...labels, d: '976' },
    ],
    [
      { 'source-labels': ['a'], 'target-label': 'd' },
      { ...labels, d: 'foo' },
    ],
  ];
  for (const [rule, expected] of cases) assert.deepEqual(relabel([rule], labels), expected, JSON.stringify(rule));
});

test('a rule that is wrong is named by number and says what is wrong', () => {
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [{}, /must be a list/],
    [[{ action: 'explode' }], /action is not known/],
    [[{ action: 'keep', regex: '(' }], /regex cannot be read/],
    [[{ action: 'hashmod', target_label: 'a' }], /modulus/],
    [[{ action: 'keep' }, { action: 'replace' }], /target_label/],
    [[{ sources: ['a'] }], /unknown key/],
    [[{ source_labels: 'a', target_label: 'b' }], /list of names/],
  ];
  for (const [rules, problem] of wrong) {
    assert.throws(
      () => parseRelabelRules(rules),
      (error) => error instanceof FlamelakeError && problem.test(String(error.details.problem)),
    );
  }
});
