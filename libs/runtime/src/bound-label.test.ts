import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundLabel } from './bound-label.ts';

test('the first values stay themselves for ever, the rest are one', () => {
  const shown = boundLabel(2);
  assert.deepEqual(['a', 'b', 'c', 'a', 'd', 'b'].map(shown), ['a', 'b', 'other', 'a', 'other', 'b']);
  assert.equal(boundLabel(0)('a'), 'other');
});
