import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { RE2JS } from 're2js';
import { compileRegex } from './regex.ts';

const pieces = fc.constantFrom('a', 'b', '-', '|', '.', '.*', '.+', '\n', '😀', '(a)', 'b?', '^', '$');

test('short cuts agree with the engine', () => {
  fc.assert(
    fc.property(
      fc.array(pieces, { maxLength: 6 }).map((list) => list.join('')),
      fc.array(fc.constantFrom('a', 'b', '-', '\n', '😀'), { maxLength: 5 }).map((list) => list.join('')),
      (pattern, text) => {
        let engine: RE2JS;
        try {
          engine = RE2JS.compile(pattern, RE2JS.DOTALL);
        } catch {
          assert.throws(() => compileRegex(pattern), { code: 'invalid_argument' });
          return;
        }
        assert.equal(compileRegex(pattern).test(text), engine.testExact(text));
      },
    ),
    { numRuns: 3_000 },
  );
});
