/** Inflating large bodies: into one buffer when the size is stated rightly, within the limit when it is not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createByteBudget } from './byte-budget.ts';
import { inflateBody } from './compression.ts';

const LARGE_BYTES = 40_000_000;
const MAX_BYTES = 67_108_864;

test('a large body of a stated size is one buffer: joining several is a copy on the event loop', async () => {
  const budget = createByteBudget(MAX_BYTES);
  const body = await inflateBody(gzipSync(Buffer.alloc(LARGE_BYTES)), MAX_BYTES, budget.lease());
  assert.equal(body.length, LARGE_BYTES);
  assert.ok(body.buffer.byteLength - body.length <= 64, `${body.buffer.byteLength} bytes of memory`);
  assert.equal(budget.usedBytes(), LARGE_BYTES);
});

test('a body of several members, whose trailer states less, is inflated whole and counted as the most it may be', async () => {
  const budget = createByteBudget(MAX_BYTES);
  const members = Buffer.concat([gzipSync(Buffer.alloc(LARGE_BYTES, 'a')), gzipSync('the end')]);
  const body = await inflateBody(members, MAX_BYTES, budget.lease());
  assert.equal(Buffer.from(body.subarray(LARGE_BYTES)).toString(), 'the end');
  assert.equal(budget.usedBytes(), MAX_BYTES);
});
