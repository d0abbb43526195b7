import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '@flamelake/model';
import { createQuerierPeers, type Peer } from './querier-peers.ts';

function setUp(addresses: readonly string[], inFlightMax = 4) {
  let nowMs = 0;
  const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, sleep: () => Promise.resolve() };
  const closed: string[] = [];
  const peers = createQuerierPeers({
    connect: (address) => ({
      execute: () => assert.fail('is not asked here'),
      isReachable: () => assert.fail('is not asked here'),
      close: () => void closed.push(address),
    }),
    inFlightMax,
    clock,
  });
  peers.update(addresses);
  const none = new Set<Peer>();
  const take = (block: string, avoided: ReadonlySet<Peer> = none) => {
    const peer = peers.take(block, avoided);
    assert.ok(peer);
    return peer;
  };
  return { peers, closed, take, none, pass: (ms: number) => (nowMs += ms) };
}

test('a block has its querier while that one has not more than its share', () => {
  const { peers, take } = setUp(['a:1', 'b:1', 'c:1'], 100);
  const own = take('block');
  peers.release(own, 'answered');
  assert.equal(take('block'), own);
  const counts = new Map<Peer, number>([[own, 1]]);
  for (let i = 0; i < 29; i++) {
    const peer = take('block');
    counts.set(peer, (counts.get(peer) ?? 0) + 1);
  }
  // Ten each would be even; a quarter more is allowed.
  assert.deepEqual(
    [...counts.values()].sort((a, b) => a - b),
    [4, 13, 13],
  );
});

test('nobody gets more than allowed while others have room', () => {
  const { peers, take, none } = setUp(['a:1', 'b:1'], 2);
  const taken = Array.from({ length: 4 }, () => take('block'));
  assert.equal(taken.filter((peer) => peer === taken[0]).length, 2);
  assert.equal(peers.takeSpare('block', none), undefined);
  assert.equal(peers.places, 4);
  peers.release(taken[0], 'answered');
  assert.equal(peers.takeSpare('block', none), taken[0]);
});

test('who failed is asked last, each time longer; an answer ends that', () => {
  const { peers, take, pass, none } = setUp(['a:1', 'b:1']);
  const own = take('block');
  const other = take('block', new Set([own]));
  peers.release(other, 'answered');
  let held = own;
  for (const restMs of [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
    peers.release(held, 'failed');
    assert.equal(peers.places, 4);
    assert.equal(peers.takeSpare('block', new Set([other])), undefined);
    pass(restMs - 1);
    const standIn = take('block');
    assert.equal(standIn, other);
    peers.release(standIn, 'answered');
    pass(1);
    held = take('block');
    assert.equal(held, own);
  }
  peers.release(held, 'answered');
  assert.equal(peers.takeSpare('block', none), own);
  peers.release(own, 'failed');
  pass(250);
  assert.equal(take('block'), own);
});

test('a full one is asked rather than one that has failed', () => {
  const { peers, take } = setUp(['a:1', 'b:1'], 2);
  const dead = take('block');
  const alive = take('block', new Set([dead]));
  peers.release(dead, 'failed');
  assert.equal(take('block'), alive);
  // It has all it should: the place of the failed one is free, and no use.
  for (let i = 0; i < 8; i++) assert.equal(take(`block ${i}`, new Set([dead])), alive);
});

test('when all have failed, somebody is asked all the same', () => {
  const { peers, take } = setUp(['a:1', 'b:1']);
  for (const peer of [take('x'), take('y')]) peers.release(peer, 'failed');
  const again = take('x', new Set([take('x'), take('y')]));
  assert.ok(again);
});

test('who leaves finishes what it has, then is closed; who stays is the same', () => {
  const { peers, closed, take } = setUp(['a:1', 'b:1']);
  const a = take('block');
  const b = take('block', new Set([a]));
  peers.update([b.address, 'c:1']);
  assert.deepEqual([peers.count, closed], [2, []]);
  peers.release(a, 'answered');
  assert.deepEqual(closed, [a.address]);
  const idle = take('block', new Set([b]));
  assert.equal(idle.address, 'c:1');
  peers.release(idle, 'answered');
  peers.update([b.address]);
  assert.deepEqual(closed, [a.address, 'c:1']);
  assert.equal(take('block', new Set([b])), b);
});
