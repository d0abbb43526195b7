import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { escapeXml, parseS3ListPage } from './s3-list-page.ts';

const row = (key: string, size: number | string = 5, time = '2026-11-20T10:11:12.345Z') =>
  `<Contents><Key>${key}</Key><LastModified>${time}</LastModified><ETag>&quot;x&quot;</ETag><Size>${size}</Size></Contents>`;
const page = (inner: string) =>
  `<?xml version="1.0"?><ListBucketResult xmlns="x"><Name>b</Name>${inner}</ListBucketResult>`;

test('a page is read: objects, folders, and where it goes on', () => {
  const inner = `<Prefix>a/</Prefix><IsTruncated>true</IsTruncated><NextContinuationToken>t&amp;1</NextContinuationToken>
    ${row('a/1')}<CommonPrefixes><Prefix>a/b/</Prefix></CommonPrefixes>${row('007')}`;
  const { objects, prefixes, nextToken } = parseS3ListPage(page(inner));
  const modifiedMs = Date.parse('2026-11-20T10:11:12Z');
  assert.deepEqual(objects, [
    { key: 'a/1', sizeBytes: 5, modifiedMs },
    { key: '007', sizeBytes: 5, modifiedMs },
  ]);
  assert.deepEqual(prefixes, ['a/b/']);
  assert.equal(nextToken, 't&1');
  assert.deepEqual(parseS3ListPage(page('<IsTruncated>false</IsTruncated>')), {
    objects: [],
    prefixes: [],
    nextToken: undefined,
  });
});

test('every key comes back, escaped as XML or encoded as a URL', () => {
  const key = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/[\p{Cc}\u{fffe}\u{ffff}]/u.test(text));
  fc.assert(
    fc.property(fc.array(key, { minLength: 1, maxLength: 5 }), fc.boolean(), (keys, isEncoded) => {
      const rows = keys.map((text) =>
        row(isEncoded ? encodeURIComponent(text).replaceAll('%20', '+') : escapeXml(text)),
      );
      const { objects } = parseS3ListPage(page((isEncoded ? '<EncodingType>url</EncodingType>' : '') + rows.join('')));
      assert.deepEqual(
        objects.map((object) => object.key),
        keys,
      );
    }),
  );
});

test('numbered entities are characters', () => {
  assert.equal(parseS3ListPage(page(row('a&#x1F600;&#38;b'))).objects[0]?.key, 'a😀&b');
});

test('what is no listing, is cut short or lacks a number is refused', () => {
  const whole = page(row('a'));
  for (const text of ['', '<html>proxy</html>', whole.slice(0, -5), page(row('a', 'x')), page(row('a', 1, 'never'))]) {
    assert.throws(() => parseS3ListPage(text), { code: 'unavailable' });
  }
});
