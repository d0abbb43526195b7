import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOverrides } from '../overrides/read-overrides.ts';
import { checkReadTogether } from './federation.ts';
import { readOptions } from './read-options.ts';
import { SERVE_OPTIONS } from './serve-options.ts';

const base = readOptions(SERVE_OPTIONS, { words: [], environment: {}, readFile: () => '' }).values;

/** Whether tenants may be read together, by an overrides file. */
function verdict(overrides: string, tenants: readonly string[], defaults = base): string {
  const own = readOverrides(overrides, defaults, 'file');
  try {
    checkReadTogether(tenants, (tenant) => (own.get(tenant) ?? defaults)['query.federation']);
    return 'yes';
  } catch (error) {
    return JSON.stringify((error as { details: object }).details);
  }
}

const refused = (tenant: string, other: string): string =>
  JSON.stringify({ tenant, with: other, key: 'query.federation' });

test('tenants are read together unless one of them does not allow it', () => {
  assert.equal(verdict('', ['a', 'b', 'c']), 'yes');
  const none = 'overrides: { b: { query.federation: false } }';
  assert.equal(verdict(none, ['a', 'c']), 'yes');
  assert.equal(verdict(none, ['a', 'b']), refused('b', 'a'));
  assert.equal(verdict(none, ['b']), 'yes');
});

test('a list allows its tenants, and both sides are asked', () => {
  const lists =
    'overrides: { a: { query: { federation: [b, c] } }, b: { query.federation: [a] }, d: { query.federation: true } }';
  assert.equal(verdict(lists, ['a', 'b']), 'yes');
  assert.equal(verdict(lists, ['a', 'c']), 'yes');
  assert.equal(verdict(lists, ['a', 'b', 'c']), refused('b', 'c'));
  assert.equal(verdict(lists, ['c', 'd']), 'yes');
  assert.equal(verdict(lists, ['a', 'd']), refused('a', 'd'));
  assert.equal(verdict('overrides: { a: { query.federation: [] } }', ['a', 'b']), refused('a', 'b'));
});

test('the default of all tenants may be none, and some of them may allow each other', () => {
  const { values } = readOptions(SERVE_OPTIONS, {
    words: ['--query.federation=false'],
    environment: {},
    readFile: () => '',
  });
  const pair = 'overrides: { a: { query.federation: [b] }, b: { query.federation: [a] } }';
  assert.equal(verdict(pair, ['a', 'b'], values), 'yes');
  assert.equal(verdict(pair, ['a', 'c'], values), refused('a', 'c'));
  assert.equal(verdict(pair, ['c', 'd'], values), refused('c', 'd'));
});

test('what is no federation is refused with the file that says it', () => {
  for (const value of ['maybe', '7', '[a/b]', '[1]', '{a: b}', '[[a]]', '".."']) {
    assert.throws(
      () => readOverrides(`overrides: { a: { query.federation: ${value} } }`, base, 'file'),
      (error: { code: string; details: { option: string; tenant: string } }) =>
        error.code === 'invalid_argument' &&
        error.details.option === 'query.federation' &&
        error.details.tenant === 'a',
      value,
    );
  }
});
