/** Retention by size as arithmetic: the lowest hour that is enough, whoever counts, in whatever order, however often. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyChange } from './change.ts';
import { EMPTY_MANIFEST } from './manifest.ts';
import { createSizeUse, type TenantUse } from './size-use.ts';
import type { BlockEntry, Manifest } from './types.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = 200 * HOUR_MS;
const NEVER = () => Number.NEGATIVE_INFINITY;

const dataset = fc
  .record({
    tenant: fc.constantFrom('a', 'b'),
    fromMs: fc.integer({ min: 0, max: NOW_MS }),
    spanMs: fc.constantFrom(0, 1_000, HOUR_MS - 1, 24 * HOUR_MS - 1, 150 * HOUR_MS),
    sizeBytes: fc.integer({ min: 1, max: 10_000 }),
  })
  .map(({ tenant, fromMs, spanMs, sizeBytes }) => ({
    tenant,
    service: 's',
    minTimeMs: fromMs,
    maxTimeMs: Math.min(NOW_MS, fromMs + spanMs),
    profileTypes: [],
    sizeBytes,
  }));

function blockOf(datasets: BlockEntry['datasets'], at: number): BlockEntry {
  const log = { logId: 'l', partition: 0, position: at, next: at + 1, lastAppendMs: 0, gaps: [] };
  const key = `logs/l/partitions/0/blocks/${String(at).padStart(20, '0')}-${at}`;
  return { key, id: String(at), level: 1, sizeBytes: 1, log, datasets };
}

const partition: fc.Arbitrary<Manifest> = fc
  .array(fc.array(dataset, { minLength: 1, maxLength: 3 }), { maxLength: 6 })
  .map((blocks) => ({ ...EMPTY_MANIFEST, version: 50, position: blocks.length, blocks: blocks.map(blockOf) }));
const partitions = fc.array(partition, { minLength: 1, maxLength: 4 });
const limit = fc.integer({ min: 1, max: 60_000 });

function use(manifests: readonly Manifest[], limitBytes: number, expireBefore = NEVER): readonly TenantUse[] {
  const counted = createSizeUse(() => limitBytes, expireBefore);
  for (const manifest of manifests) counted.add(manifest);
  return [...counted.tenants(NOW_MS)].sort((a, b) => (a.tenant < b.tenant ? -1 : 1));
}

/** Bytes from a time on, as the rule says it. */
function bytesFrom(manifests: readonly Manifest[], own: string, fromMs: number): number {
  return manifests
    .flatMap(({ blocks }) => blocks.flatMap(({ datasets }) => datasets))
    .filter(({ tenant, maxTimeMs }) => tenant === own && maxTimeMs >= fromMs)
    .map(({ minTimeMs, maxTimeMs, sizeBytes }) => {
      const span = maxTimeMs + 1 - minTimeMs;
      return Math.floor((sizeBytes * Math.min(span, maxTimeMs + 1 - fromMs)) / span);
    })
    .reduce((sum, bytes) => sum + bytes, 0);
}

function cutAll(manifests: readonly Manifest[], uses: readonly TenantUse[]): readonly Manifest[] {
  const cuts = uses.filter(({ beforeMs }) => Number.isFinite(beforeMs));
  return manifests.map((manifest) => applyChange(manifest, { kind: 'cut', id: 'c', cuts, over: [] }));
}

test('the cut is the lowest hour that is enough, and no higher than the hour of now', () => {
  fc.assert(
    fc.property(partitions, limit, (manifests, limitBytes) => {
      for (const { tenant, beforeMs, bytes, goesBytes } of use(manifests, limitBytes)) {
        assert.equal(bytes, bytesFrom(manifests, tenant, 0));
        if (bytes <= limitBytes) {
          assert.deepEqual([beforeMs, goesBytes], [Number.NEGATIVE_INFINITY, 0]);
          continue;
        }
        assert.equal(beforeMs % HOUR_MS, 0);
        assert.ok(beforeMs <= NOW_MS);
        assert.equal(goesBytes, bytes - bytesFrom(manifests, tenant, beforeMs));
        if (beforeMs < NOW_MS) assert.ok(bytesFrom(manifests, tenant, beforeMs) <= limitBytes);
        const hasBefore = bytesFrom(manifests, tenant, beforeMs - HOUR_MS) > limitBytes;
        assert.ok(hasBefore || goesBytes === 0, 'an hour less would not have been enough');
      }
    }),
    { numRuns: 300 },
  );
});

test('a cut that is made, in some partitions or in all, before or after others look, asks for no further one', () => {
  fc.assert(
    fc.property(partitions, limit, fc.nat(4), fc.boolean(), (manifests, limitBytes, done, isDropped) => {
      const first = use(manifests, limitBytes);
      const cut = cutAll(manifests, first);
      // Some partitions have it already, and there the blocks of before may be gone.
      const seen = manifests.map((manifest, i) => (i < done ? (cut[i] ?? manifest) : manifest));
      const later = isDropped ? seen.map(withoutExpired) : seen;
      for (const { tenant, beforeMs } of use(later.toReversed(), limitBytes)) {
        const before = first.find((one) => one.tenant === tenant)?.beforeMs ?? Number.NEGATIVE_INFINITY;
        assert.ok(beforeMs <= before, `${tenant} ${beforeMs} after ${before}`);
      }
      assert.ok(use(cut, limitBytes).every(({ goesBytes }) => goesBytes === 0));
    }),
    { numRuns: 300 },
  );
});

test('what is expired by time counts as gone; what a pending delete may take is not counted', () => {
  fc.assert(
    fc.property(partitions, limit, fc.integer({ min: 0, max: NOW_MS }), (manifests, limitBytes, expiredMs) => {
      const uses = use(manifests, limitBytes, () => expiredMs);
      for (const { tenant, bytes, beforeMs } of uses) {
        assert.equal(bytes, bytesFrom(manifests, tenant, expiredMs));
        if (bytes <= limitBytes) assert.equal(beforeMs, Number.NEGATIVE_INFINITY);
      }
      const pending = {
        id: 'd',
        tenant: 'a',
        selector: '{}',
        fromMs: 0,
        untilMs: NOW_MS + 1,
        chainEnd: 0,
        version: 99,
      };
      const deleting = manifests.map((manifest) => ({ ...manifest, deletes: [pending] }));
      assert.ok(use(deleting, limitBytes).every(({ tenant }) => tenant === 'b'));
    }),
    { numRuns: 100 },
  );
});

function withoutExpired(manifest: Manifest): Manifest {
  const beforeMsOf = (own: string) => manifest.cuts.find(({ tenant }) => tenant === own)?.beforeMs ?? 0;
  const blocks = manifest.blocks.map((block) => ({
    ...block,
    datasets: block.datasets.filter(({ tenant, maxTimeMs }) => maxTimeMs >= beforeMsOf(tenant)),
  }));
  return { ...manifest, blocks };
}
