/** Metrics of the compactor. */
import type { BlockEntry, BlockSums, MergeJob, SweepOutcome } from '@flamelake/catalog';
import type { Metrics } from '@flamelake/runtime';

export interface CompactorMetrics {
  /** @param kind - `fold`, `expire`, or the level that was written */
  job(kind: string, outcome: 'committed' | 'lost', durationMs: number): void;
  /** A chain was folded, whose first segment was appended so long ago. */
  folded(segmentBytes: number, waitedMs: number): void;
  wrote(level: number, blocks: readonly BlockEntry[]): void;
  /** Jobs that are due now and not begun. @param nowMs - ms since 1970 */
  backlog(jobs: readonly MergeJob[], nowMs: number): void;
  /** Live blocks of a partition as they are now. */
  blocks(partition: string, blocks: readonly BlockSums[]): void;
  /** How far retention is behind in a partition, and how many deletes are not carried out. */
  retention(partition: string, lagMs: number, pendingDeletes: number): void;
  /** Only these partitions are this compactor's now. */
  keep(partitions: ReadonlySet<string>): void;
  swept(outcome: SweepOutcome): void;
  /** Profiles of so many bytes expire, because their tenant holds too much. */
  cutBySize(bytes: number): void;
  failed(): void;
}

/** Tenants that are told apart, those with the most bytes; the help of the metric says it too. */
const TENANTS_MAX = 20;
const LEVELS = [1, 2, 3];
/** Upper edges for seconds until a segment is folded. */
const WAIT_BUCKETS = [1, 5, 10, 30, 60, 120, 300, 600, 3_600];

interface Sizes {
  readonly objects: Map<number, number>;
  readonly bytes: Map<number, number>;
  readonly tenants: Map<string, number>;
}

export function createCompactorMetrics(metrics: Metrics): CompactorMetrics {
  const partitions = new Map<string, Sizes>();
  const behind = new Map<string, { readonly lagMs: number; readonly pendingDeletes: number }>();
  const jobs = metrics.counter({
    name: 'compactor_jobs_total',
    help: 'Folds, merges and blocks rid of what is expired or deleted; lost ones met another job and are swept later.',
    labels: ['kind', 'outcome'],
  });
  const seconds = metrics.histogram({
    name: 'compactor_job_seconds',
    help: 'Duration of folds and merges.',
    labels: ['kind'],
  });
  const waited = metrics.histogram(
    { name: 'compactor_first_fold_seconds', help: 'Time from the append of the oldest segment to its fold.' },
    WAIT_BUCKETS,
  );
  const written = metrics.counter({
    name: 'compactor_written_bytes_total',
    help: 'Bytes of blocks committed, by level; level 0 are the segments that were folded. All others ÷ level 0 is the write amplification.',
    labels: ['level'],
  });
  const backlogJobs = metrics.gauge({
    name: 'compactor_backlog_jobs',
    help: 'Merges that are due and not begun, by the level they write.',
    labels: ['level'],
  });
  const backlogBytes = metrics.gauge({
    name: 'compactor_backlog_bytes',
    help: 'Bytes that due merges will read, by the level they write.',
    labels: ['level'],
  });
  const backlogAge = metrics.gauge({
    name: 'compactor_backlog_age_seconds',
    help: 'How long the oldest due merge has been due, by the level it writes.',
    labels: ['level'],
  });
  const byLevel = (of: (sizes: Sizes) => ReadonlyMap<number, number>) => () =>
    LEVELS.map((level) => ({
      labels: { level },
      value: [...partitions.values()].reduce((sum, sizes) => sum + (of(sizes).get(level) ?? 0), 0),
    }));
  metrics.gauge(
    {
      name: 'compactor_blocks',
      help: 'Live blocks of the partitions this compactor works on, by level.',
      labels: ['level'],
    },
    byLevel(({ objects }) => objects),
  );
  metrics.gauge(
    { name: 'compactor_block_bytes', help: 'Bytes of live blocks, by level.', labels: ['level'] },
    byLevel(({ bytes }) => bytes),
  );
  metrics.gauge(
    {
      name: 'compactor_tenant_bytes',
      help: 'Bytes of live blocks of the 20 tenants with the most; the rest under an empty name.',
      labels: ['tenant'],
    },
    () => tenantBytes([...partitions.values()]),
  );
  metrics.gauge(
    {
      name: 'compactor_retention_lag_seconds',
      help: 'Age beyond its retention of the oldest profile still stored; no query shows it. Pinned ones count, too.',
    },
    () => [...behind.values()].reduce((most, { lagMs }) => Math.max(most, lagMs), 0) / 1_000,
  );
  metrics.gauge(
    { name: 'compactor_pending_deletes', help: 'Deletes not carried out yet, summed over partitions.' },
    () => [...behind.values()].reduce((sum, { pendingDeletes }) => sum + pendingDeletes, 0),
  );
  const deleted = metrics.counter({
    name: 'compactor_deleted_objects_total',
    help: 'Objects deleted by sweeps.',
    labels: ['kind'],
  });
  const orphaned = metrics.counter({
    name: 'compactor_orphans_total',
    help: 'Blocks deleted by sweeps that no manifest had named: of jobs that lost a race, failed or were stopped.',
  });
  const cutBytes = metrics.counter({
    name: 'compactor_size_expired_bytes_total',
    help: 'Bytes of profiles that expired because their tenant held more than limits.retention-size; the log says which.',
  });
  const failures = metrics.counter({ name: 'compactor_failures_total', help: 'Failures of compaction, tried again.' });
  return {
    job(kind, outcome, durationMs) {
      jobs.add(1, { kind, outcome });
      seconds.observe(durationMs / 1_000, { kind });
    },
    folded(segmentBytes, waitedMs) {
      written.add(segmentBytes, { level: 0 });
      waited.observe(waitedMs / 1_000);
    },
    wrote(level, blocks) {
      written.add(
        blocks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
        { level },
      );
    },
    backlog(due, nowMs) {
      for (const level of LEVELS.slice(1)) {
        const own = due.filter((job) => job.level === level);
        const bytes = own.flatMap(({ inputs }) => inputs).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
        backlogJobs.set(own.length, { level });
        backlogBytes.set(bytes, { level });
        backlogAge.set(own.reduce((most, { dueMs }) => Math.max(most, nowMs - dueMs), 0) / 1_000, { level });
      }
    },
    blocks(partition, blocks) {
      partitions.set(partition, sizesOf(blocks));
    },
    retention: (partition, lagMs, pendingDeletes) => void behind.set(partition, { lagMs, pendingDeletes }),
    keep(names) {
      for (const name of behind.keys()) if (!names.has(name)) behind.delete(name);
      for (const name of partitions.keys()) if (!names.has(name)) partitions.delete(name);
    },
    swept({ manifests, blocks, orphans, pages, segments }) {
      deleted.add(manifests, { kind: 'manifest' });
      deleted.add(blocks, { kind: 'block' });
      deleted.add(pages, { kind: 'index page' });
      deleted.add(segments, { kind: 'segment' });
      orphaned.add(orphans);
    },
    cutBySize: (bytes) => cutBytes.add(bytes),
    failed: () => failures.add(),
  };
}

function sizesOf(blocks: readonly BlockSums[]): Sizes {
  const sizes: Sizes = { objects: new Map(), bytes: new Map(), tenants: new Map() };
  for (const { level, sizeBytes, tenants } of blocks) {
    sizes.objects.set(level, (sizes.objects.get(level) ?? 0) + 1);
    sizes.bytes.set(level, (sizes.bytes.get(level) ?? 0) + sizeBytes);
    for (const [tenant, own] of tenants) sizes.tenants.set(tenant, (sizes.tenants.get(tenant) ?? 0) + own);
  }
  return sizes;
}

function tenantBytes(partitions: readonly Sizes[]) {
  const sums = new Map<string, number>();
  for (const { tenants } of partitions) {
    for (const [tenant, bytes] of tenants) sums.set(tenant, (sums.get(tenant) ?? 0) + bytes);
  }
  const largest = [...sums].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const rest = largest.splice(TENANTS_MAX).reduce((sum, [, bytes]) => sum + bytes, 0);
  return [...largest, ['', rest] as const].map(([tenant, value]) => ({ labels: { tenant }, value }));
}
