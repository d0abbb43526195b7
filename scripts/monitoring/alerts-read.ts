/** Alerts about answering, and about what every process has. */
import type { Alerts } from './alerts.ts';

const BY = ['namespace'];
/** Queries of every protocol. */
export const QUERIES = 'route=~".*(QuerierService|render).*"';

export const READ_ALERTS: Alerts = (m) => [
  {
    name: 'QueryErrors',
    severity: 'critical',
    for: '10m',
    expression: `${m.count('request_duration_seconds', BY, `${QUERIES},status_code=~"5.."`)} / ${m.count('request_duration_seconds', BY, QUERIES)} > 0.05`,
    summary: '{{ $value | humanizePercentage }} of queries fail',
    means: 'More than 5 % of queries are answered 5xx.',
    steps: [
      'The log of query-frontends has the cause; `data_loss` names an object, see FlamelakeDataLoss.',
      'Are queriers there and ready? Are they killed for memory?',
    ],
    dashboard: 'reads',
  },
  {
    name: 'QueriesSlow',
    severity: 'warning',
    for: '15m',
    expression: `${m.quantile(0.99, 'request_duration_seconds', BY, QUERIES)} > 30`,
    summary: 'one in a hundred queries takes more than {{ $value | humanizeDuration }}',
    means: 'Users wait.',
    steps: [
      'Tasks waiting for a querier: add queriers. Tasks waiting in queriers: give each more memory or add some.',
      'Reads of the store slow: look at its dashboard.',
      'Merges far behind make long ranges dear: FlamelakeMergesBehind.',
    ],
    dashboard: 'reads',
  },
  {
    name: 'QueriesStuck',
    severity: 'critical',
    for: '5m',
    expression: `sum by (namespace) (${m.value('query_waiting_tasks')}) > 0 and ${m.rate('query_tasks_total', BY)} == 0`,
    summary: 'query tasks wait and none ends',
    means: 'No query is answered.',
    steps: [
      'Do query-frontends know queriers (`flamelake_query_queriers`)? Does the network policy let them to port 9095?',
      'Restart queriers, then query-frontends: they hold nothing.',
    ],
    dashboard: 'reads',
  },
  {
    name: 'NoQueriers',
    severity: 'critical',
    for: '2m',
    expression: `max by (namespace) (${m.value('query_queriers')}) == 0`,
    summary: 'query-frontends know no querier',
    means: 'No query is answered.',
    steps: [
      'Are querier pods ready, and does the headless service name their addresses?',
      'Is `query-frontend.queriers` that service, with port 9095?',
    ],
    dashboard: 'reads',
  },
  {
    name: 'DataLoss',
    severity: 'critical',
    for: '0m',
    expression: `${m.increase('rpc_calls_total', '1h', BY, 'code="data_loss"')} > 0`,
    summary: '{{ $value }} calls met damaged bytes',
    means: 'An object in the bucket does not have the bytes that were written. Queries over it fail, others do not.',
    steps: [
      'The log names the object’s key. Restore that version of it from the bucket’s versioning or a replica.',
      'Run `flamelake verify` to find others.',
    ],
    dashboard: 'log-and-store',
  },
  {
    name: 'CacheFails',
    severity: 'warning',
    for: '15m',
    expression: `${m.rate('redis_operations_total', BY, 'outcome=~"failed|refused|skipped"')} / ${m.rate('redis_operations_total', BY)} > 0.05`,
    summary: '{{ $value | humanizePercentage }} of operations on Redis fail',
    means: 'Queries are slower: what Redis would know is computed. Answers are right.',
    steps: [
      'Is Redis up, and its password right? `flamelake config check --target=querier` says.',
      'Is it slow beyond `redis.timeout`, give it more CPU, or a place nearer.',
    ],
    dashboard: 'reads',
  },
  {
    name: 'EventLoopLag',
    severity: 'warning',
    for: '15m',
    expression: `max by (namespace, pod) (${m.value('event_loop_lag_seconds', 'quantile="0.99"')}) > 0.25`,
    summary: 'the event loop of {{ $labels.pod }} is late by {{ $value | humanizeDuration }}',
    means: 'A process has too much to do, or is throttled: all its requests wait.',
    steps: [
      'Is its CPU limited? Take the limit away; requests are enough.',
      'Scale the component out.',
      'Its own profile, service `flamelake`, shows what it does.',
    ],
    dashboard: 'resources',
  },
  {
    name: 'ReloadFails',
    severity: 'warning',
    for: '5m',
    expression: `min by (namespace) (${m.value('overrides_last_reload_successful')}) == 0 or min by (namespace) (${m.value('placement_last_reload_successful')}) == 0`,
    summary: 'a changed file of overrides or placement is not in force',
    means: 'The file is broken, or changes what must not change. The values there were stay.',
    steps: [
      'The log of the process says what is wrong, with the key.',
      'Placement of times that were taken cannot change: give the entry a later valid-from.',
    ],
    dashboard: 'overview',
  },
  {
    name: 'CertificateExpires',
    severity: 'warning',
    for: '1h',
    expression: `min by (namespace, port) (${m.value('tls_certificate_not_after_seconds')}) - time() < 7 * 86400`,
    summary: 'the certificate of port {{ $labels.port }} expires in {{ $value | humanizeDuration }}',
    means: 'Clients will refuse to connect.',
    steps: [
      'Renew it; files are read again without a restart.',
      'Is it renewed but not in force, look for `flamelake_tls_reload_failures_total`.',
    ],
    dashboard: 'resources',
  },
];
