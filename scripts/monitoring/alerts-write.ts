/** Alerts about taking profiles in and writing them to the bucket. */
import type { Alerts } from './alerts.ts';

const BY = ['namespace'];
/** Pushes of every protocol. */
export const PUSHES = 'route=~".*(PusherService|ingest|profiles|ProfilesService).*"';

export const WRITE_ALERTS: Alerts = (m) => [
  {
    name: 'PushErrors',
    severity: 'critical',
    for: '5m',
    expression: `${m.count('request_duration_seconds', BY, `${PUSHES},status_code=~"5.."`)} / ${m.count('request_duration_seconds', BY, PUSHES)} > 0.01`,
    summary: '{{ $value | humanizePercentage }} of pushes fail',
    means:
      'More than 1 % of pushes are answered 5xx. Clients that do not try again lose profiles; nothing that was acknowledged is lost.',
    steps: [
      'See which code: 503 means that the log did not acknowledge in time, look at FlamelakeLogProducesWithErrors; 500 is a fault of ours, the log of the distributor has its cause.',
      'If only one pod answers so, delete it: distributors hold nothing.',
      'If all do, look at Kafka (brokers up, min.insync.replicas met, disks not full).',
    ],
    dashboard: 'writes',
  },
  {
    name: 'PushesRefused',
    severity: 'warning',
    for: '15m',
    expression: `${m.count('request_duration_seconds', BY, `${PUSHES},status_code="429"`)} / ${m.count('request_duration_seconds', BY, PUSHES)} > 0.01`,
    summary: '{{ $value | humanizePercentage }} of pushes are answered 429',
    means:
      'Clients are told to come back later: a tenant is over its rate, the distributors over their bytes in flight, or Kafka is slow.',
    steps: [
      'The answer names the limit and its value. `limits.ingestion-rate` is a tenant’s, `distributor.in-flight-size-max` and `kafka.queue-size-max` are a process’.',
      'Are bytes in flight near their limit, add distributors (they scale on CPU) or give each more memory and a higher limit.',
      'Is the log slow, look at its produce times first: more distributors do not help then.',
    ],
    dashboard: 'writes',
  },
  {
    name: 'ProfilesDiscarded',
    severity: 'warning',
    for: '30m',
    expression: `${m.rate('discarded_samples_total', BY)} / (${m.rate('distributor_received_samples_total', BY)} + ${m.rate('discarded_samples_total', BY)}) > 0.05`,
    summary: '{{ $value | humanizePercentage }} of samples are discarded',
    means:
      'Honest profiles may be beyond a limit. What is discarded was refused with a reason, never dropped in silence.',
    steps: [
      'The dashboard shows the reason, the one of tenants whose.',
      'Raise the limit of that tenant in the file of `runtime-config.file`; it is read again without a restart.',
    ],
    dashboard: 'tenants',
  },
  {
    name: 'NothingReceived',
    severity: 'warning',
    for: '15m',
    expression: `${m.rate('distributor_received_profiles_total', BY)} == 0 and sum by (namespace) (rate(${m.value('distributor_received_profiles_total')}[5m] offset 1h)) > 0`,
    summary: 'no profile was received for a while, an hour ago there were some',
    means: 'Agents do not reach Flamelake, or were taken away.',
    steps: [
      'Push one: `flamelake probe --url=… --push-url=…`.',
      'Is that fine, look at the agents, their network policy and DNS.',
    ],
    dashboard: 'writes',
  },
  {
    name: 'CanaryFails',
    severity: 'critical',
    for: '2m',
    expression: `${m.increase('canary_failures_total', '10m', BY, 'step=~"push|query|late"')} >= 3`,
    summary: 'pushed canaries are not found by queries',
    means:
      'A profile that was pushed and acknowledged is not shown within a minute, or push or query fail: what users do does not work, whatever probes say.',
    steps: [
      'The label `step` says where: push, query, or late (acknowledged, not shown).',
      'late: look at the lag of segment-writers, then at the errors of the store.',
      'query: look at queriers and query-frontends; push: at distributors and Kafka.',
    ],
    dashboard: 'overview',
  },
  {
    name: 'CanaryCountedWrongly',
    severity: 'critical',
    for: '0m',
    expression: `${m.increase('canary_failures_total', '1h', BY, 'step="total"')} > 0`,
    summary: 'a canary was counted more or less than once',
    means:
      'The promise that an acknowledged profile counts exactly once is broken, or an answer is wrong. This must not happen.',
    steps: [
      'Keep everything: raise `compactor.keep` so that superseded objects stay.',
      'Run `flamelake verify` with the server’s own options: it compares log, store and answers and names objects.',
      'Was a bucket restored, the topic made anew, or another installation given the same prefix? Say so in a report, with the output of verify.',
    ],
    dashboard: 'overview',
  },
  {
    name: 'CanaryStopped',
    severity: 'critical',
    for: '5m',
    expression: `time() - max by (namespace) (${m.value('canary_last_success_seconds')}) > 600`,
    summary: 'no canary was counted for 10 minutes',
    means: 'Nobody checks any more that profiles arrive, or all checks fail.',
    steps: [
      'Are query-frontends up, and is `canary.enabled` true and `canary.push-url` right?',
      'Then as for FlamelakeCanaryFails.',
    ],
    dashboard: 'overview',
  },
  {
    name: 'FreshnessSlow',
    severity: 'warning',
    for: '15m',
    expression: `${m.quantile(0.99, 'canary_freshness_seconds', BY)} > 5`,
    summary: 'profiles are shown {{ $value | humanizeDuration }} after they are acknowledged',
    means: 'Users see new profiles late. Nothing is lost.',
    steps: [
      'Look at the lag of segment-writers and at how long puts to the store take.',
      'Add segment-writers, at most as many as partitions.',
    ],
    dashboard: 'overview',
  },
  {
    name: 'WriterLagHigh',
    severity: 'critical',
    for: '5m',
    expression: `max by (namespace) (${m.value('segment_writer_lag_seconds')}) > 120`,
    summary: 'segment-writers are {{ $value | humanizeDuration }} behind',
    means:
      'Acknowledged profiles are in Kafka but not in the bucket: queries do not show them. Are they not written before Kafka’s retention ends, they are lost.',
    steps: [
      'Is one partition behind, or all? One: its writer fails or has stopped; its log says why. All: too few writers, or a slow store.',
      'Scale segment-writers up to the number of partitions.',
      'Meanwhile raise `retention.ms` of the topic if the lag comes near it.',
    ],
    dashboard: 'writes',
  },
  {
    name: 'WriterStopped',
    severity: 'critical',
    for: '1m',
    expression: `max by (namespace, partition) (${m.value('segment_writer_stopped')}) > 0`,
    summary: 'partition {{ $labels.partition }} has stopped',
    means:
      'The log of the partition ends before its chain of segments, or lost what was not written yet. Nothing is written to it until somebody decides.',
    steps: [
      'Was the topic deleted, or a broker’s disk restored from a backup? The error in the log names both offsets.',
      'What the bucket has is safe. A topic made anew is read beside the old one as soon as the processes are restarted.',
    ],
    dashboard: 'writes',
  },
  {
    name: 'OffsetsMissing',
    severity: 'critical',
    for: '0m',
    expression: `${m.increase('segment_writer_missing_offsets_total', '1h', BY)} > 0`,
    summary: '{{ $value }} offsets of the log could not be read: profiles may be lost',
    means:
      'Kafka dropped records before they were written to the bucket: by retention while the writers were behind, or by an unclean election.',
    steps: [
      'Compare the topic’s retention with the lag of the writers.',
      'Check `unclean.leader.election.enable=false` and min.insync.replicas ≥ 2.',
      'The gap is named in the segment’s footer: `flamelake verify` shows it.',
    ],
    dashboard: 'writes',
  },
  {
    name: 'RecordsQuarantined',
    severity: 'warning',
    for: '0m',
    expression: `${m.increase('segment_writer_quarantined_total', '1h', BY)} > 0`,
    summary: '{{ $value }} records of the log could not be decoded and are kept aside',
    means: 'A record is damaged, or was written by a newer release than the writer’s. It is kept raw in its segment.',
    steps: [
      'Are all segment-writers at least of the distributors’ release? Roll out the rest.',
      'Else somebody else writes to the topic: check its ACLs.',
    ],
    dashboard: 'writes',
  },
  {
    name: 'WriterFails',
    severity: 'warning',
    for: '10m',
    expression: `${m.rate('segment_writer_failures_total', BY)} > 0.1`,
    summary: 'segment-writers fail and try again',
    means: 'Writing is held up; the lag grows.',
    steps: ['Their log says what fails; mostly the store. Look at FlamelakeStoreErrors.'],
    dashboard: 'writes',
  },
];
