/** Hostile input: every case is answered as its corpus says, in memory proportionate to its size. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { FlamelakeError } from '@flamelake/model';
import { decodePprof, inflate, normalizeProfile } from './index.ts';

const BYTES_MAX = 33_554_432;

interface Case {
  readonly file: string;
  readonly expect: { readonly good: number | string; readonly also_ok: readonly (number | string)[] };
}

/** HTTP status a push of these bytes would be answered with. */
function statusOf(bytes: Uint8Array): number {
  try {
    normalizeProfile(decodePprof(inflate(bytes, { bytesMax: BYTES_MAX })));
    return 200;
  } catch (error) {
    assert.ok(error instanceof FlamelakeError, String(error));
    if (error.code === 'out_of_range') return 413;
    assert.equal(error.code, 'invalid_argument');
    return 400;
  }
}

const corpora = [join(import.meta.dirname, '../../../test/corpus'), process.env['FLAMELAKE_CORPUS']];
for (const [i, folder] of corpora.entries()) {
  const name = i === 0 ? 'test/corpus' : 'FLAMELAKE_CORPUS';
  test(`malformed pprof of ${name}`, { skip: folder ? false : 'FLAMELAKE_CORPUS is not set' }, () => {
    const { cases } = JSON.parse(readFileSync(join(folder as string, 'malformed/index.json'), 'utf8')) as {
      cases: Case[];
    };
    // Cases that begin with q_ are about the request, not the profile in it.
    const ours = cases.filter(({ file }) => /^(?!q_).*\.pb(\.gz)?$/.test(file));
    assert.ok(ours.length > 50);
    for (const { file, expect } of ours) {
      const status = statusOf(readFileSync(join(folder as string, 'malformed', file)));
      assert.ok([expect.good, ...expect.also_ok].includes(status), `${file}: ${status}, expected ${expect.good}`);
    }
  });
}

test('gzip is inflated by its magic, members joined, and anything behind it refused', () => {
  const plain = Buffer.from('a profile');
  const packed = gzipSync(plain);
  const all = { bytesMax: 100 };
  assert.equal(inflate(plain, all), plain);
  assert.deepEqual(Buffer.from(inflate(packed, all)), plain);
  assert.deepEqual(Buffer.from(inflate(Buffer.concat([packed, packed]), all)), Buffer.concat([plain, plain]));
  const flipped = Uint8Array.from(packed);
  flipped[packed.length - 6] = flipped[packed.length - 6] ^ 1;
  for (const bad of [
    packed.subarray(0, -1),
    packed.subarray(0, 5),
    flipped,
    Buffer.concat([packed, Buffer.from('garbage')]),
    Buffer.concat([packed, Buffer.from('\0garbage')]),
  ]) {
    assert.throws(() => inflate(bad, all), { code: 'invalid_argument' });
  }
  for (const large of [plain, packed]) {
    assert.throws(() => inflate(large, { bytesMax: plain.length - 1 }), {
      code: 'out_of_range',
      message: 'profile is larger than the limit',
      details: { limitBytes: plain.length - 1 },
    });
  }
  assert.deepEqual(Buffer.from(inflate(packed, { bytesMax: plain.length })), plain);
});

test('a trailer that lies about the size is not believed', () => {
  const bomb = gzipSync(Buffer.alloc(50_000_000));
  const before = process.memoryUsage().arrayBuffers;
  for (const size of [0, 0xffff_ffff]) {
    const lying = Buffer.from(bomb);
    lying.writeUInt32LE(size, lying.length - 4);
    assert.throws(() => inflate(lying, { bytesMax: 1_000_000 }), { code: 'out_of_range' });
  }
  assert.ok(process.memoryUsage().arrayBuffers - before < 10_000_000);
});
