import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodePprof, describePprof, encodePprof, type Pprof } from '@flamelake/formats';
import { systemClock } from '@flamelake/runtime';
import { createSelfProfiler } from './self-profiler.ts';

function burnForOwnProfile(ms: number): number {
  let sum = 0;
  for (const end = performance.now() + ms; performance.now() < end; ) sum += Math.sqrt(sum + 1);
  return sum;
}

/** Encoded and decoded, so that what is pushed is what is looked at. */
function about(profile: Pprof) {
  return describePprof(decodePprof(encodePprof(profile)));
}

test('a CPU profile holds the function that ran, in valid pprof', async () => {
  const profiler = await createSelfProfiler(systemClock);
  const profile = profiler.cpu(300);
  burnForOwnProfile(200);
  const { sampleTypes } = about(await profile);
  const cpu = sampleTypes.find(({ type }) => type === 'cpu');
  assert.ok(cpu?.top.some(({ name }) => name === 'burnForOwnProfile'));
  profiler.close();
});

test('profiles follow each other without a pause, each with heap, until aborted', async () => {
  const profiler = await createSelfProfiler(systemClock);
  const ending = new AbortController();
  const pushed: string[] = [];
  const push = async (name: string, profile: Pprof): Promise<void> => {
    about(profile);
    pushed.push(name);
    if (pushed.length === 4) ending.abort();
  };
  await profiler.run({ intervalMs: 20, push, onError: (error) => assert.fail(String(error)) }, ending.signal);
  assert.deepEqual(pushed, ['process_cpu', 'memory', 'process_cpu', 'memory']);
  profiler.close();
});
