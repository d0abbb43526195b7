/** A resend is counted once, whenever it comes: at once, after the segment was cut, after a restart, after folding. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startServer, temporaryDirectory } from './server-process.ts';
import { push, smallPprof, totalOf } from './small-profile.ts';

function profile(value: bigint): Uint8Array {
  return smallPprof({ stacks: [{ frames: ['main', 'work'], value }], timeMs: Date.now() - 1000 });
}

/** Waits until a metric of the server reaches a value. */
async function metricReaches(url: string, name: string, least: number): Promise<void> {
  for (;;) {
    const text = await (await fetch(`${url}/metrics`)).text();
    const value = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))].reduce(
      (sum, match) => sum + Number(match[1]),
      0,
    );
    if (value >= least) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('the same push twice counts once: on one connection, after its segment was cut, after a restart, after folding', async () => {
  const directory = temporaryDirectory();
  const flags = ['--self-profiling.enabled=false', '--compactor.fold-interval=100ms'];
  let server = await startServer({ directory, flags });
  const bytes = profile(12n);
  await push(server.url, 'shop', bytes);
  const second = await push(server.url, 'shop', bytes);
  assert.equal(await totalOf(server.url, 'shop', second), 12n, 'on one connection');

  const third = await push(server.url, 'shop', bytes);
  assert.equal(await totalOf(server.url, 'shop', third), 12n, 'after its segment was cut');

  await server.kill();
  server = await startServer({ directory, flags });
  const fourth = await push(server.url, 'shop', bytes);
  assert.equal(await totalOf(server.url, 'shop', fourth), 12n, 'after a crash');

  await metricReaches(server.url, 'flamelake_compactor_jobs_total', 1);
  const fifth = await push(server.url, 'shop', bytes);
  assert.equal(await totalOf(server.url, 'shop', fifth), 12n, 'after folding');

  await server.terminate();
  server = await startServer({ directory, flags });
  const sixth = await push(server.url, 'shop', bytes);
  assert.equal(await totalOf(server.url, 'shop', sixth), 12n, 'after a restart over folded blocks');

  const other = await push(server.url, 'shop', bytes, { labels: { pod: 'b' } });
  assert.equal(await totalOf(server.url, 'shop', other), 24n, 'other labels are another profile');
  assert.equal(await server.terminate(), 0);
});

test('profiles without a clock or id of their own are never taken for resends', async () => {
  const server = await startServer({ flags: ['--self-profiling.enabled=false'] });
  const bytes = smallPprof({ stacks: [{ frames: ['main'], value: 5n }], timeMs: 0 });
  await push(server.url, 'clockless', bytes);
  const commit = await push(server.url, 'clockless', bytes);
  assert.equal(await totalOf(server.url, 'clockless', commit), 10n);
  await server.terminate();
});
