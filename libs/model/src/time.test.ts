import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration } from './duration.ts';
import { isTenantId } from './tenant.ts';
import { parseTime } from './time.ts';

const NOW = Date.UTC(2026, 10, 20, 20, 30);
const HOUR = 3_600_000;
const times: readonly (readonly [text: string, ms: number])[] = [
  ['', NOW],
  ['now', NOW],
  ['yesterday', NOW],
  ['1795206485', 1_795_206_485_000],
  ['1795206485123', 1_795_206_485_123],
  ['1795206485123456', 1_795_206_485_123],
  ['1795206485123456789', 1_795_206_485_123],
  ['0', 0],
  ['1_795_206,485 ', 1_795_206_485_000],
  ['20261120', Date.UTC(2026, 10, 20)],
  ['20261320', 20_261_320_000],
  ['18000101', 18_000_101_000],
  ['9'.repeat(30), NOW],
  ['-5', NOW],
  ['1.5', NOW],
  ['now-1h', NOW - HOUR],
  ['now - 30m', NOW - HOUR / 2],
  ['now+2d', NOW + 48 * HOUR],
  ['now-1h30m', NOW - 1.5 * HOUR],
  ['now-90minutes', NOW - 1.5 * HOUR],
  ['now-3600s', NOW - HOUR],
  ['now-1w', NOW - 168 * HOUR],
  ['now-1M', NOW - 720 * HOUR],
  ['now-1mon', NOW - 720 * HOUR],
  ['now-1y', NOW - 8_760 * HOUR],
  ['now-1h+30m', NOW - HOUR / 2],
  ['now-1x', NOW],
  ['now-', NOW],
  ['now-1', NOW],
  [`now-${'9'.repeat(20)}y`, NOW],
];
for (const [text, ms] of times) {
  test(`time ${JSON.stringify(text)}`, () => assert.equal(parseTime(text, NOW), ms));
}

test('durations are read as Prometheus does', () => {
  assert.equal(parseDuration('0'), 0);
  assert.equal(parseDuration('5m'), 300_000);
  assert.equal(parseDuration('1h30m'), 5_400_000);
  assert.equal(parseDuration('1y2w3d4h5m6s7ms'), (365 + 14 + 3) * 86_400_000 + 4 * HOUR + 306_007);
  for (const text of ['', '5', 'm', '5 m', '-5m', '30m1h', '1m1m', '1.5h', '5M', '99999999999999y']) {
    assert.throws(() => parseDuration(text), { code: 'invalid_argument' }, text);
  }
});

test('tenant ids name folders, so few characters are let in', () => {
  for (const id of ['anonymous', 'a', "Team-1_x.y!*'()", 'x'.repeat(150)]) assert(isTenantId(id), id);
  for (const id of ['', '.', '..', 'a/b', 'a|b', 'a b', 'ä', 'x'.repeat(151), '__\0']) assert(!isTenantId(id), id);
});
