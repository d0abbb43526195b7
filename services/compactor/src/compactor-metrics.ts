/** Metrics of the compactor. */
import type { SweepOutcome } from '@flamelake/catalog';
import type { Metrics } from '@flamelake/runtime';

export interface CompactorMetrics {
  job(kind: 'fold' | 'merge' | 'expire', outcome: 'committed' | 'lost', durationMs: number): void;
  swept(outcome: SweepOutcome): void;
  failed(): void;
}

export function createCompactorMetrics(metrics: Metrics): CompactorMetrics {
  const jobs = metrics.counter({
    name: 'compactor_jobs_total',
    help: 'Folds, merges and blocks rid of what is expired or deleted; lost ones met another job and are swept later',
    labels: ['kind', 'outcome'],
  });
  const seconds = metrics.histogram({
    name: 'compactor_job_seconds',
    help: 'Duration of folds and merges',
    labels: ['kind'],
  });
  const deleted = metrics.counter({
    name: 'compactor_deleted_objects_total',
    help: 'Objects deleted by sweeps',
    labels: ['kind'],
  });
  const failures = metrics.counter({ name: 'compactor_failures_total', help: 'Failures of compaction, tried again' });
  return {
    job(kind, outcome, durationMs) {
      jobs.add(1, { kind, outcome });
      seconds.observe(durationMs / 1_000, { kind });
    },
    swept({ manifests, blocks, segments }) {
      deleted.add(manifests, { kind: 'manifest' });
      deleted.add(blocks, { kind: 'block' });
      deleted.add(segments, { kind: 'segment' });
    },
    failed: () => failures.add(),
  };
}
