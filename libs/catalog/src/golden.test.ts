import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decodeManifest } from './manifest.ts';

const golden = (name: string) => readFileSync(new URL(`../golden/${name}`, import.meta.url));

test('manifests of every version stay readable', () => {
  for (const name of ['manifest-v1']) {
    assert.deepEqual(decodeManifest(golden(`${name}.bin`), name), JSON.parse(golden(`${name}.json`).toString()));
  }
});
