/** Alerts about the log, the store and compaction. */
import type { Alerts } from './alerts.ts';

const BY = ['namespace'];
const FAULTS = 'result=~"unavailable|deadline_exceeded|internal|unknown|permission_denied|unauthenticated|data_loss"';

export const LOG_AND_STORE_ALERTS: Alerts = (m) => [
  {
    name: 'LogProducesWithErrors',
    severity: 'critical',
    for: '10m',
    expression: `${m.rate('kafka_produce_errors_total', BY)} > 0.1`,
    summary: 'Kafka does not take records',
    means: 'Pushes wait for their acknowledgement and may be answered 503. Records are tried again.',
    steps: [
      'The label `error` is Kafka’s own. NOT_ENOUGH_REPLICAS: a broker is missing. Authorization: check the ACLs.',
      'Is a broker lost, its leaders move within its session timeout; nothing is to be done here.',
    ],
    dashboard: 'log-and-store',
  },
  {
    name: 'LogRefuses',
    severity: 'critical',
    for: '5m',
    expression: `${m.increase('kafka_refusals_total', '5m', BY)} > 0 or sum by (namespace) (increase(${m.value('profile_log_refusals_total')}[5m])) > 0`,
    summary: 'the profile log refuses records',
    means: 'Pushes get 429 or 503: the queue to Kafka is full, or the local log’s disk.',
    steps: [
      'Kafka: is it slow or away? `kafka.queue-size-max` is for short pauses, not for more.',
      'Local log: is the disk full, or above `profile-log.size-max`? It is trimmed as segments are folded: is the store well?',
    ],
    dashboard: 'log-and-store',
  },
  {
    name: 'RebalancesOften',
    severity: 'warning',
    for: '30m',
    expression: `${m.increase('kafka_rebalances_total', '30m', BY)} > 30`,
    summary: 'segment-writers share their partitions out again and again',
    means:
      'Writers come and go: they restart, or give no sign of life within `kafka.session-timeout`. Freshness suffers.',
    steps: [
      'Are pods killed for memory, or scaled up and down? Lengthen the stabilisation of the autoscaler.',
      'Is their event loop late, see FlamelakeEventLoopLag.',
    ],
    dashboard: 'log-and-store',
  },
  {
    name: 'StoreErrors',
    severity: 'warning',
    for: '15m',
    expression: `${m.count('object_store_operation_seconds', BY, FAULTS)} / ${m.count('object_store_operation_seconds', BY)} > 0.01`,
    summary: '{{ $value | humanizePercentage }} of operations on the object store fail',
    means: 'Writing, compaction and queries try again and get slower; were it all of them, nothing would be written.',
    steps: [
      'The label `result` says how: permission_denied and unauthenticated are credentials, unavailable is the store or its limits on requests.',
      '`flamelake config check` tries the store as a server does.',
    ],
    dashboard: 'log-and-store',
  },
  {
    name: 'CompactorNotWorking',
    severity: 'critical',
    for: '15m',
    expression: `${m.increase('compactor_jobs_total', '30m', BY, 'outcome="committed"')} == 0 and ${m.increase('segment_writer_segments_total', '30m', BY)} > 0`,
    summary: 'segments are written and none is folded',
    means: 'Queries have to read ever more small segments; the local log, or the bucket, fills.',
    steps: [
      'Are compactors up? Their log says what fails.',
      'A fold that runs out of memory stops nothing else: give compactors more.',
    ],
    dashboard: 'compaction',
  },
  {
    name: 'FoldsBehind',
    severity: 'warning',
    for: '30m',
    expression: `${m.quantile(0.99, 'compactor_first_fold_seconds', BY)} > 600`,
    summary: 'segments are folded {{ $value | humanizeDuration }} after they were written',
    means: 'Compactors do not keep up: queries on recent profiles get slower.',
    steps: ['Add compactors, at most as many as partitions.', 'Are they given no CPU?'],
    dashboard: 'compaction',
  },
  {
    name: 'MergesBehind',
    severity: 'warning',
    for: '1h',
    expression: `max by (namespace) (${m.value('compactor_backlog_age_seconds')}) > 21600`,
    summary: 'a merge has been due for {{ $value | humanizeDuration }}',
    means: 'Long ranges are dear to query, and what retention or deletes ask for waits.',
    steps: [
      'Add compactors, or give each more memory and CPU.',
      'Does one job fail again and again? Its log names the partition.',
    ],
    dashboard: 'compaction',
  },
  {
    name: 'CompactorFails',
    severity: 'warning',
    for: '30m',
    expression: `${m.increase('compactor_failures_total', '30m', BY)} > 10`,
    summary: 'compaction fails and tries again',
    means: 'Nothing is lost; if it lasts, folds and merges fall behind.',
    steps: ['The log of compactors says what fails.'],
    dashboard: 'compaction',
  },
  {
    name: 'RetentionNotApplied',
    severity: 'warning',
    for: '2h',
    expression: `max by (namespace) (${m.value('compactor_retention_lag_seconds')}) > 3 * 86400`,
    summary: 'profiles are stored {{ $value | humanizeDuration }} beyond their retention',
    means: 'No query shows them, but they take room. Pinned profiles count here too: then there is nothing to do.',
    steps: [
      'Are there pins that should go?',
      'Are merges behind (FlamelakeMergesBehind)?',
      '`compactor.rewrite-after` says how long a block may hold single expired profiles.',
    ],
    dashboard: 'compaction',
  },
  {
    name: 'OrphansGrow',
    severity: 'warning',
    for: '1h',
    expression: `${m.increase('compactor_orphans_total', '6h', BY)} > 20 and ${m.increase('compactor_orphans_total', '6h', BY)} > 0.2 * ${m.increase('compactor_jobs_total', '6h', BY, 'outcome="committed"')}`,
    summary: 'in 6 h, sweeps found {{ $value | humanize }} blocks that nothing had ever named',
    means:
      'Blocks are written and thrown away: their jobs lost a race, failed or were stopped before they committed. They hold no profile that others do not hold, and are swept when they are older than `compactor.keep`; until then they take room, and the work is done again.',
    steps: [
      'Do compactors restart, or run out of memory? Each leaves the blocks of its jobs behind.',
      'Does one job fail again and again (FlamelakeCompactorFails, `flamelake_compactor_failures_total`)? The log of compactors names the partition.',
      'Many `flamelake_compactor_jobs_total{outcome="lost"}`: several compactors work on the same partitions. Is `compactor.peers` the same for all, does each know its own address in it, and is `compactor.keep` longer than the longest job?',
      '`flamelake verify` lists the objects that nothing names, with why.',
    ],
    dashboard: 'compaction',
  },
];
