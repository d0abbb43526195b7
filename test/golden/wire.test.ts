/** What earlier versions stored or sent stays readable; what this one writes is what its version says. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { plain, WIRE_FORMATS } from './wire-formats.ts';

interface Goldens {
  /** Version of zstd that compressed what is compressed. */
  readonly zstd: string;
  readonly goldens: readonly {
    readonly format: string;
    readonly name: string;
    /** base64 */
    readonly bytes: string;
    readonly content: unknown;
  }[];
}

/** Files by age; what the last one holds is still written so. */
const files = globSync(`${import.meta.dirname}/wire-v*.json`).sort();

test('every format has a golden of the newest version', () => {
  const { goldens } = read(files.at(-1) ?? '');
  assert.deepEqual([...new Set(goldens.map(({ format }) => format))].sort(), Object.keys(WIRE_FORMATS).sort());
});

for (const file of files) {
  const { zstd, goldens } = read(file);
  const age = file === files.at(-1) ? 'current' : 'earlier';
  for (const { format, name, bytes, content } of goldens) {
    const { describe, rewrite, isCompressed } = WIRE_FORMATS[format];
    const stored = new Uint8Array(Buffer.from(bytes, 'base64'));
    test(`${age} ${format}, ${name}, reads as it did`, async () => {
      assert.deepEqual(asFarAs(content, plain(await describe(stored))), content);
    });
    if (rewrite === undefined || age === 'earlier') continue;
    if (isCompressed === true && zstd !== process.versions.zstd) continue;
    test(`${format}, ${name}, is written again to the same bytes`, () => assert.deepEqual(rewrite(stored), stored));
  }
}

/** A value without the keys that `known`, which is older, does not have. */
function asFarAs(known: unknown, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item, i) => asFarAs(Array.isArray(known) ? known[i] : undefined, item));
  if (!isObject(value) || !isObject(known)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key in known)
      .map(([key, inner]) => [key, asFarAs(known[key], inner)]),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function read(file: string): Goldens {
  return JSON.parse(readFileSync(file, 'utf8')) as Goldens;
}
