import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MergeJob } from '@flamelake/catalog';
import { createMetrics } from '@flamelake/runtime';
import { createCompactorMetrics } from './compactor-metrics.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 9);

/** A job of a level, due for so many seconds, that reads blocks of these sizes. */
function jobOf(level: number, dueSeconds: number, sizes: readonly number[]): MergeJob {
  const log = { logId: 'log', partition: 0, position: 0, next: 1, lastAppendMs: NOW_MS, gaps: [] };
  const inputs = sizes.map((sizeBytes, i) => {
    const id = `${level}${dueSeconds}${i}`.padStart(32, '0');
    return { key: id, id, level: level - 1, sizeBytes, log, datasets: [] };
  });
  return { inputs, level, windowMs: 3_600_000, dueMs: NOW_MS - dueSeconds * 1_000 };
}

test('the backlog is told by level: jobs, the bytes they will read, and how long the oldest has been due', async () => {
  const metrics = createMetrics();
  const counts = createCompactorMetrics(metrics);
  counts.backlog([jobOf(2, 30, [100, 200]), jobOf(3, 7_200, [5_000]), jobOf(2, 90, [1, 2])], NOW_MS);
  const told = async () => (await metrics.text()).match(/^flamelake_compactor_backlog_.*$/gm)?.sort();
  assert.deepEqual(await told(), [
    'flamelake_compactor_backlog_age_seconds{level="2"} 90',
    'flamelake_compactor_backlog_age_seconds{level="3"} 7200',
    'flamelake_compactor_backlog_bytes{level="2"} 303',
    'flamelake_compactor_backlog_bytes{level="3"} 5000',
    'flamelake_compactor_backlog_jobs{level="2"} 2',
    'flamelake_compactor_backlog_jobs{level="3"} 1',
  ]);
  counts.backlog([], NOW_MS);
  assert.ok((await told())?.every((line) => line.endsWith(' 0')));
});

test('sweeps are counted by what they deleted, orphans apart', async () => {
  const metrics = createMetrics();
  const counts = createCompactorMetrics(metrics);
  for (let i = 0; i < 2; i++) counts.swept({ floor: 9, manifests: 1, blocks: 5, orphans: 2, pages: 3, segments: 4 });
  const text = await metrics.text();
  for (const [kind, count] of Object.entries({ manifest: 2, block: 10, 'index page': 6, segment: 8 })) {
    assert.ok(text.includes(`flamelake_compactor_deleted_objects_total{kind="${kind}"} ${count}\n`), kind);
  }
  assert.match(text, /flamelake_compactor_orphans_total 4\n/);
});

test('bytes are told of the twenty largest tenants, over all partitions, and of the others together', async () => {
  const metrics = createMetrics();
  const counts = createCompactorMetrics(metrics);
  const sums = (first: number) => ({
    level: 2,
    sizeBytes: 1_000,
    tenants: Array.from({ length: 12 }, (_, i) => [`t${first + i}`, 100 + first + i] as const),
  });
  counts.blocks('log/0', [sums(0)]);
  counts.blocks('log/1', [sums(11)]);
  const text = await metrics.text();
  const tenants = text.match(/^flamelake_compactor_tenant_bytes.*$/gm) ?? [];
  assert.equal(tenants.length, 21);
  // t11 is in both partitions; the least, t0, t1 and t2, are not told apart.
  assert.ok(tenants.includes('flamelake_compactor_tenant_bytes{tenant="t11"} 222'));
  assert.ok(tenants.includes('flamelake_compactor_tenant_bytes{tenant=""} 303'));
  assert.match(text, /flamelake_compactor_blocks\{level="2"\} 2\n/);
  counts.keep(new Set(['log/1']));
  assert.match(await metrics.text(), /flamelake_compactor_block_bytes\{level="2"\} 1000\n/);
});
