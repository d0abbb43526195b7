/** 10,000 damaged inputs for each decoder, other ones each time; `make soak KIND=fuzz` tries a million. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DECODERS } from './decoders.ts';
import { fuzzDecoder } from './fuzz-decoder.ts';

const INPUTS = 10_000;
const first = Date.now() % 1_000_000_000;

for (const name of Object.keys(DECODERS)) {
  test(`${name}: damaged input is decoded or refused, quickly and in little memory`, () => {
    const { accepted, refused } = fuzzDecoder(name, first, INPUTS);
    // Damage that is never or always noticed would test nothing.
    assert.ok(accepted > 0 && refused > 0, `${accepted} accepted, ${refused} refused`);
  });
}
