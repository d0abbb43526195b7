/** The judge of the load test finds wrong answers of each panel. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SMALL_TYPE } from '../e2e/small-profile.ts';
import { createLedger } from '../kill/ledger.ts';
import { PANELS } from './panels.ts';

const ledger = createLedger(['shop', 'quiet']);
const add = (pod: string, value: number, timeMs: number) =>
  Object.assign(ledger.add({ service: 'shop', pod, value, timeMs, isSound: true }), { seenMs: 1_000 });
const [first, second] = [add('a', 10, 1_000), add('b', 20, 7_000)];
const asked = { service: 'shop', startMs: 0, endMs: 9_000, after: undefined, sentMs: 5_000 };

const judge = (panel: string, body: object, ofAsked = asked) =>
  PANELS[panel].judge(ofAsked, ledger, JSON.stringify(body)).length;
const pod = (value: string) => [{ name: 'pod', value }];

test('time series and heat maps: right ones, too little, too much, another step, another pod', () => {
  const series = (...points: [string, string, number][]) => ({
    series: points.map(([name, timestamp, value]) => ({ labels: pod(name), points: [{ timestamp, value }] })),
  });
  assert.equal(judge('time series', series(['a', '5000', 10], ['b', '9000', 20])), 0);
  assert.equal(judge('time series', series(['a', '5000', 10], ['b', '9000', 19])), 1);
  assert.equal(judge('time series', series(['a', '5000', 20], ['b', '9000', 20])), 1);
  assert.equal(judge('time series', series(['a', '5000', 10], ['b', '5000', 20])), 2);
  assert.equal(judge('time series', series(['a', '5000', 10], ['a', '9000', 20])), 2);
  assert.equal(judge('time series', {}), 2);
  const late = { ...asked, startMs: 5_500 };
  assert.equal(judge('time series', series(['a', '5500', 10], ['b', '9000', 20]), late), 0);
  assert.equal(judge('time series', series(['b', '9000', 20]), late), 1);
  assert.equal(judge('time series', series(['b', '9000', 20]), { ...asked, startMs: 6_001 }), 0);
  // Nobody has seen them yet when this was asked.
  assert.equal(judge('time series', {}, { ...asked, sentMs: 1_000 }), 0);
  const heatmap = (name: string, counts: number[]) => ({
    series: [{ labels: pod(name), slots: [{ timestamp: '5000', counts }] }],
  });
  const early = { ...asked, endMs: 6_000 };
  assert.equal(judge('heat map', heatmap('a', [0, 1]), early), 0);
  assert.equal(judge('heat map', heatmap('a', [1, 1]), early), 1);
  assert.equal(judge('heat map', heatmap('b', [0, 1]), early), 2);
  assert.equal(judge('heat map', {}, early), 1);
});

test('diffs: right ones, sides changed, a side missing', () => {
  const diff = (left: number, right: number) => ({
    flamegraph: {
      names: ['total', 'main', first.id, second.id],
      levels: [{}, {}, { values: [0, left, 0, 0, 0, 0, 2, 0, 0, 0, 0, right, 0, 3].map(String) }],
    },
  });
  assert.equal(judge('diff', diff(10, 20)), 0);
  assert.equal(judge('diff', diff(20, 10)), 2);
  assert.equal(judge('diff', diff(10, 0)), 1);
  assert.equal(judge('diff', {}), 2);
});

test('lists: right ones, one too few, one too many, one twice', () => {
  const names = (...all: string[]) => ({ names: all });
  assert.equal(judge('label values', names('a', 'b')), 0);
  assert.equal(judge('services', names('shop')), 0);
  assert.equal(judge('services', names('shop', 'quiet')), 0);
  for (const wrong of [names('a'), names('a', 'b', 'c'), names('a', 'b', 'b')]) {
    assert.equal(judge('label values', wrong), 1);
  }
  for (const wrong of [{}, names('quiet'), names('shop', 'other')]) assert.equal(judge('services', wrong), 1);
  assert.equal(judge('label names', names('pod')), 1);
  assert.equal(judge('label names', {}, { ...asked, service: 'quiet' }), 0);
  assert.equal(judge('profile types', { profileTypes: [{ ID: SMALL_TYPE }] }), 0);
  for (const wrong of [{}, { profileTypes: [{ ID: SMALL_TYPE }, { ID: 'b' }] }]) {
    assert.equal(judge('profile types', wrong), 1);
  }
});
