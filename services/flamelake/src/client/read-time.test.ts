import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTime } from './read-time.ts';

const NOW = Date.UTC(2026, 10, 20, 20, 30);
const times: readonly (readonly [text: string, ms: number])[] = [
  ['now', NOW],
  ['', NOW],
  ['now-0s', NOW],
  ['now-1h', NOW - 3_600_000],
  ['1795206485', 1_795_206_485_000],
  ['2026-11-20', Date.UTC(2026, 10, 20)],
  ['2026-11-20T20:00Z', NOW - 1_800_000],
  ['2026-11-20T21:00:00.5+01:00', NOW - 1_799_500],
];
for (const [text, ms] of times) test(`time ${text}`, () => assert.equal(readTime('from', text, NOW), ms));

test('a time that cannot be read is refused with what is expected', () => {
  for (const text of [
    'yesterday',
    '1h',
    'now-1x',
    '2026-11-20 20:00',
    '2026-11-20T20:00',
    '2026-13-40',
    '-5',
    '9'.repeat(30),
  ]) {
    assert.throws(
      () => readTime('from', text, NOW),
      { code: 'invalid_argument', message: 'time cannot be read' },
      text,
    );
  }
});
