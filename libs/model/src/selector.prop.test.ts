import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { formatSelector } from './matcher.ts';
import { type LabelMatcher, parseSelector } from './selector.ts';

const matcher: fc.Arbitrary<LabelMatcher> = fc.record(
  {
    name: fc.oneof(fc.constantFrom('a', '__name__', 'k8s.pod', ''), fc.string({ unit: 'grapheme' })),
    op: fc.constantFrom('=' as const, '!=' as const),
    value: fc.string({ unit: 'grapheme' }),
  },
  { noNullPrototype: true },
);

test('a written selector is read back the same', () => {
  fc.assert(
    fc.property(fc.array(matcher, { maxLength: 5 }), (matchers) => {
      assert.deepEqual(parseSelector(formatSelector(matchers)), matchers);
    }),
  );
});

test('any text is read or refused, never anything else', () => {
  const soup = fc.array(
    fc.constantFrom('{', '}', 'a', '=', '!', '~', '"', "'", '`', ',', '\\', 'x4', ' ', '\n', '#', '('),
  );
  fc.assert(
    fc.property(soup, (parts) => {
      try {
        parseSelector(parts.join(''));
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'invalid_argument');
      }
    }),
    { numRuns: 2_000 },
  );
});
