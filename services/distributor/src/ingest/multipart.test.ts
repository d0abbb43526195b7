import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { FORM_PARTS_MAX, readMultipart } from './multipart.ts';

const TYPE = 'multipart/form-data; boundary=xyz';
const lines = (...text: string[]) => Buffer.from(text.join('\r\n'), 'latin1');
const part = (name: string, content: string) => [`Content-Disposition: form-data; name="${name}"`, '', content];
const read = (body: Uint8Array, type = TYPE) =>
  readMultipart(body, type).map(({ name, content }) => [name, Buffer.from(content).toString('latin1')]);

test('parts are read as SDKs write them', () => {
  const body = lines(
    'preamble',
    '--xyz',
    'Content-Disposition: form-data; name="profile"; filename="profile.pprof"',
    'Content-Type: application/octet-stream',
    '',
    'a\r\nb--xyz\0',
    '--xyz  ',
    'content-disposition: form-data; filename=name="x"; name=config',
    '',
    '',
    '--xyz',
    '',
    'no headers',
    '--xyz--',
    'epilogue',
  );
  assert.deepEqual(read(body), [
    ['profile', 'a\r\nb--xyz\0'],
    ['config', ''],
    ['', 'no headers'],
  ]);
  assert.deepEqual(read(lines('--a b', ...part('p', '1'), '--a b--'), 'multipart/form-data; Boundary="a b"'), [
    ['p', '1'],
  ]);
  assert.deepEqual(read(lines('--xyz--')), []);
});

const broken: Readonly<Record<string, readonly [body: Uint8Array, type: string]>> = {
  'no boundary parameter': [lines('--xyz', ...part('p', '1'), '--xyz--'), 'multipart/form-data'],
  'a boundary over 70 characters': [lines('--xyz--'), `multipart/form-data; boundary=${'x'.repeat(71)}`],
  'another boundary': [lines('--abc', ...part('p', '1'), '--abc--'), TYPE],
  'an empty body': [new Uint8Array(0), TYPE],
  'no closing boundary': [lines('--xyz', ...part('p', '1')), TYPE],
  'headers that do not end': [lines('--xyz', 'Content-Disposition: form-data; name="p"'), TYPE],
  'headers over the limit': [lines('--xyz', `x: ${'y'.repeat(20_000)}`, '', '1', '--xyz--'), TYPE],
  'text behind a boundary': [lines('--xyzz', ...part('p', '1'), '--xyz--'), TYPE],
  'too many parts': [
    lines(...Array.from({ length: FORM_PARTS_MAX + 1 }, () => ['--xyz', ...part('p', '1')]).flat(), '--xyz--'),
    TYPE,
  ],
};
for (const [what, [body, type]] of Object.entries(broken)) {
  test(`a form with ${what} is refused`, () => {
    assert.throws(() => readMultipart(body, type), { code: 'invalid_argument' });
  });
}

test('forms written by the platform are read back the same', async () => {
  const names = fc.constantFrom('profile', 'sample_type_config', 'a b', 'ünï', 'quote"d');
  const contents = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constant(Buffer.from('\r\n--\r\n----')));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(names, contents), { maxLength: 6 }), async (parts) => {
      const form = new FormData();
      for (const [name, content] of parts) form.append(name, new Blob([Uint8Array.from(content)]), 'f');
      const response = new Response(form);
      const body = new Uint8Array(await response.arrayBuffer());
      const found = readMultipart(body, response.headers.get('content-type') ?? '');
      assert.deepEqual(
        found.map(({ content }) => [...content]),
        parts.map(([, content]) => [...content]),
      );
    }),
  );
});

test('a form cut anywhere is refused, and bits flipped in it do no harm', () => {
  const body = lines('--xyz', ...part('profile', 'content'), '--xyz', ...part('b', ''), '--xyz--');
  for (let end = 0; end < body.length; end++) {
    assert.throws(() => readMultipart(body.subarray(0, end), TYPE), { code: 'invalid_argument' }, `cut at ${end}`);
  }
  for (let bit = 0; bit < body.length * 8; bit++) {
    const flipped = Uint8Array.from(body);
    flipped[bit >> 3] = flipped[bit >> 3] ^ (1 << (bit & 7));
    try {
      readMultipart(flipped, TYPE);
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'invalid_argument');
    }
  }
});
