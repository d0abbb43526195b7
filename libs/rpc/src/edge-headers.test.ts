/** Headers with a meaning: tenant, capabilities, timeouts, encodings. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientCapabilities } from './client-capabilities.ts';
import { acceptsGzip } from './compression.ts';
import { percentEncode } from './grpc-unary.ts';
import { tenantOf } from './tenant-of.ts';
import { parseConnectTimeout, parseGrpcTimeout } from './timeouts.ts';

test('tenant', () => {
  const of = (id?: string) => tenantOf(id === undefined ? {} : { 'x-scope-orgid': id }, { multitenancy: true });
  assert.equal(tenantOf({ 'x-scope-orgid': '../..' }, { multitenancy: false }), 'anonymous');
  for (const id of ['a', "A-_.*'()!9", 'x'.repeat(150), 'a|a']) assert.equal(of(id), id.split('|')[0]);
  for (const id of [undefined, '', ' ']) assert.throws(() => of(id), { code: 'unauthenticated' });
  for (const id of ['a|b', '.', '..', 'a/b', 'ü', 'a b', 'a|', '|', 'a, b', 'x'.repeat(151)]) {
    assert.throws(() => of(id), { code: 'invalid_argument' }, id);
  }
  const read = (id: string) => tenantOf({ 'x-scope-orgid': id }, { multitenancy: true, isRead: true });
  assert.equal(read('b|a|b'), 'a|b');
  assert.throws(() => read('a|'), { code: 'invalid_argument' });
});

test('capabilities', () => {
  const utf8 = (accept?: string) => clientCapabilities(accept).utf8LabelNames;
  for (const accept of [
    '*/*; allow-utf8-labelnames=true',
    '*/*;allow-utf8-labelnames=true',
    'text/html, application/json;q=0.9;allow-utf8-labelnames=true',
    '*/*; Allow-UTF8-LabelNames="true"; charset=x',
  ]) {
    assert.equal(utf8(accept), true, accept);
  }
  for (const accept of [
    undefined,
    '',
    '*/*',
    '*; q=.2, */*; q=.2',
    '*/*; allow-utf8-labelnames=false',
    'text/html;level="1;2"',
  ]) {
    assert.equal(utf8(accept), false, accept);
  }
  for (const accept of [
    'a b',
    'text/',
    '*/*;;',
    '*/*; allow-utf8-labelnames',
    'a/b,',
    ',',
    'a/b; c="d',
    `a/b; ${'x'.repeat(5000)}=1`,
  ]) {
    assert.throws(() => utf8(accept), { code: 'invalid_argument' }, accept);
  }
});

test('timeouts', () => {
  assert.deepEqual(
    ['1H', '2M', '3S', '4m', '5u', '6n', '99999999H'].map(parseGrpcTimeout),
    [3_600_000, 120_000, 3000, 4, 0.005, 0.000006, 359_999_996_400_000],
  );
  assert.deepEqual(['0', '1500', '9999999999'].map(parseConnectTimeout), [0, 1500, 9_999_999_999]);
  assert.deepEqual([parseGrpcTimeout(undefined), parseConnectTimeout(undefined)], [undefined, undefined]);
  for (const text of ['', '5', 'S', '-1S', '1s', '123456789S', '1 S', '1.5S'])
    assert.throws(() => parseGrpcTimeout(text), { code: 'invalid_argument' }, text);
  for (const text of ['', '-1', '1e3', '12345678901', '1ms'])
    assert.throws(() => parseConnectTimeout(text), { code: 'invalid_argument' }, text);
});

test('accepted encodings', () => {
  for (const accepted of ['gzip', 'br, GZIP ;q=0.5', 'identity,deflate,gzip'])
    assert.ok(acceptsGzip(accepted), accepted);
  for (const accepted of [undefined, '', 'br', 'gzip;q=0', 'x-gzip', 'gzip; q=0.000'])
    assert.ok(!acceptsGzip(accepted), accepted);
});

test('percent encoding gives printable ASCII that decodes to the text', () => {
  for (const text of ['', 'plain text', '100% ü 🔥', 'a\r\nb\0']) {
    assert.match(percentEncode(text), /^[\x20-\x7e]*$/);
    assert.equal(decodeURIComponent(percentEncode(text)), text);
  }
});
