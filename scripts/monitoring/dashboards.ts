/** Grafana dashboards, as what is asked of which metric; promql.ts refuses names that there are not. */
import type { Metrics } from './promql.ts';

interface Panel {
  readonly title: string;
  /** Grafana's unit. */
  readonly unit: string;
  /** Queries with their legends. */
  readonly targets: readonly (readonly [expression: string, legend: string])[];
}
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
}

const PUSHES = 'route=~".*(PusherService|ingest|profiles|ProfilesService).*"';
const QUERIES = 'route=~".*(QuerierService|render).*"';

export function dashboards(m: Metrics): readonly Dashboard[] {
  const one = (title: string, unit: string, expression: string, legend = ''): Panel => ({
    title,
    unit,
    targets: [[expression, legend]],
  });
  const quantiles = (title: string, name: string, matchers = '', by: readonly string[] = []): Panel => ({
    title,
    unit: 's',
    targets: [0.5, 0.99].map((q) => [
      m.quantile(q, name, by, matchers),
      [`p${q * 100}`, ...by.map((label) => `{{${label}}}`)].join(' '),
    ]),
  });
  const errors = (title: string, matchers: string): Panel =>
    one(
      title,
      'percentunit',
      `${m.count('request_duration_seconds', [], `${matchers},status_code=~"5.."`)} / ${m.count('request_duration_seconds', [], matchers)}`,
      'failed',
    );
  return [
    {
      uid: 'flamelake-overview',
      title: 'Flamelake / Overview and SLO',
      panels: [
        one('Profiles acknowledged', 'ops', m.rate('distributor_received_profiles_total'), 'profiles'),
        errors('Pushes that failed', PUSHES),
        quantiles('Time to acknowledge', 'distributor_ack_seconds'),
        quantiles('Freshness: acknowledged until a query counts it', 'canary_freshness_seconds'),
        one('Queries', 'ops', m.count('request_duration_seconds', ['route'], QUERIES), '{{route}}'),
        errors('Queries that failed', QUERIES),
        quantiles('Time to answer', 'request_duration_seconds', QUERIES),
        one('Canaries that failed', 'ops', m.rate('canary_failures_total', ['step']), '{{step}}'),
        one('Versions', 'short', `count by (version, target) (${m.value('build_info')})`, '{{target}} {{version}}'),
      ],
    },
    {
      uid: 'flamelake-writes',
      title: 'Flamelake / Writes',
      panels: [
        one(
          'Pushes by answer',
          'ops',
          m.count('request_duration_seconds', ['route', 'status_code'], PUSHES),
          '{{route}} {{status_code}}',
        ),
        one('Bytes received', 'Bps', m.rate('distributor_received_bytes_total'), 'as sent'),
        one('Samples received', 'ops', m.rate('distributor_received_samples_total'), 'samples'),
        one('Samples discarded', 'ops', m.rate('discarded_samples_total', ['reason']), '{{reason}}'),
        one('Bytes in flight', 'bytes', m.value('distributor_in_flight_bytes'), '{{pod}}'),
        quantiles('Time to acknowledge', 'distributor_ack_seconds', '', ['endpoint']),
        one('Segments written', 'ops', m.rate('segment_writer_segments_total'), 'segments'),
        one('Bytes of segments', 'Bps', m.rate('segment_writer_segment_bytes_total'), 'bytes'),
        one('Resends left out', 'ops', m.rate('segment_writer_repeats_total'), 'repeats'),
        one(
          'Lag of segment-writers',
          's',
          `max by (partition) (${m.value('segment_writer_lag_seconds')})`,
          'partition {{partition}}',
        ),
        one('Partitions taken over', 'ops', m.rate('segment_writer_take_overs_total'), 'take-overs'),
        one(
          'Offsets missing, records quarantined',
          'ops',
          m.rate('segment_writer_missing_offsets_total'),
          'offsets missing',
        ),
      ],
    },
    {
      uid: 'flamelake-reads',
      title: 'Flamelake / Reads',
      panels: [
        one(
          'Queries by answer',
          'ops',
          m.count('request_duration_seconds', ['route', 'status_code'], QUERIES),
          '{{route}} {{status_code}}',
        ),
        quantiles('Time to answer', 'request_duration_seconds', QUERIES, ['route']),
        one('Tasks by outcome', 'ops', m.rate('query_tasks_total', ['outcome']), '{{outcome}}'),
        quantiles('Time of a task', 'query_task_seconds'),
        one('Tasks waiting for a querier', 'short', m.value('query_waiting_tasks'), '{{pod}}'),
        one('Tasks waiting in queriers', 'short', m.value('querier_waiting_tasks'), '{{pod}}'),
        one('Memory of query tasks', 'bytes', m.value('querier_held_bytes'), '{{pod}}'),
        one('Memory of queries in query-frontends', 'bytes', m.value('query_held_bytes'), '{{pod}}'),
        one('Bytes read for queries', 'Bps', m.rate('querier_read_bytes_total', ['pod']), '{{pod}}'),
        one(
          'Results found before they are computed',
          'ops',
          m.rate('querier_result_lookups_total', ['result']),
          '{{result}}',
        ),
        one('Redis', 'ops', m.rate('redis_operations_total', ['operation', 'outcome']), '{{operation}} {{outcome}}'),
        quantiles('Time of Redis', 'redis_operation_seconds'),
        one('Attempts: first, hedged, again', 'ops', m.rate('query_task_attempts_total', ['kind']), '{{kind}}'),
        one('Queriers known', 'short', m.value('query_queriers'), '{{pod}}'),
      ],
    },
    {
      uid: 'flamelake-compaction',
      title: 'Flamelake / Compaction and catalog',
      panels: [
        one('Jobs', 'ops', m.rate('compactor_jobs_total', ['kind', 'outcome']), '{{kind}} {{outcome}}'),
        quantiles('Time of a job', 'compactor_job_seconds', '', ['kind']),
        quantiles('Time until a segment is folded', 'compactor_first_fold_seconds'),
        one('Merges due', 'short', `sum by (level) (${m.value('compactor_backlog_jobs')})`, 'to level {{level}}'),
        one(
          'How long the oldest has been due',
          's',
          `max by (level) (${m.value('compactor_backlog_age_seconds')})`,
          'to level {{level}}',
        ),
        one('Blocks', 'short', `sum by (level) (${m.value('compactor_blocks')})`, 'level {{level}}'),
        one('Bytes stored', 'bytes', `sum by (level) (${m.value('compactor_block_bytes')})`, 'level {{level}}'),
        one('Objects deleted', 'ops', m.rate('compactor_deleted_objects_total', ['kind']), '{{kind}}'),
        one('Orphans deleted', 'ops', m.rate('compactor_orphans_total'), 'blocks nobody named'),
        one('Failures, tried again', 'ops', m.rate('compactor_failures_total'), 'failures'),
        one('Beyond retention', 's', `max(${m.value('compactor_retention_lag_seconds')})`, 'oldest profile'),
        one('Expired by size', 'Bps', m.rate('compactor_size_expired_bytes_total'), 'of profiles'),
        one('Deletes to carry out', 'short', `sum(${m.value('compactor_pending_deletes')})`, 'deletes'),
      ],
    },
    {
      uid: 'flamelake-log-and-store',
      title: 'Flamelake / Log and store',
      panels: [
        quantiles('Kafka: time to produce', 'kafka_produce_seconds'),
        one('Kafka: bytes', 'Bps', m.rate('kafka_produced_bytes_total'), 'produced'),
        one('Kafka: errors', 'ops', m.rate('kafka_produce_errors_total', ['error']), '{{error}}'),
        one('Kafka: bytes waiting', 'bytes', m.value('kafka_queue_bytes'), '{{pod}}'),
        one(
          'Kafka: records not read yet',
          'short',
          `sum by (partition) (${m.value('kafka_lag_records')})`,
          'partition {{partition}}',
        ),
        one('Kafka: groups shared out anew', 'ops', m.rate('kafka_rebalances_total'), 'rebalances'),
        one(
          'Store: operations',
          'ops',
          m.count('object_store_operation_seconds', ['operation', 'result']),
          '{{operation}} {{result}}',
        ),
        quantiles('Store: time', 'object_store_operation_seconds', '', ['operation']),
        one('Store: bytes', 'Bps', m.rate('object_store_written_bytes_total'), 'written'),
        one('Store: repeated tries', 'ops', m.rate('object_store_retries_total', ['code']), '{{code}}'),
        one('Local log: size', 'bytes', m.value('profile_log_disk_bytes'), '{{pod}}'),
        quantiles('Local log: time to sync', 'profile_log_sync_seconds'),
      ],
    },
    {
      uid: 'flamelake-tenants',
      title: 'Flamelake / Tenants',
      panels: [
        one('Profiles', 'ops', `topk(20, ${m.rate('distributor_received_profiles_total', ['tenant'])})`, '{{tenant}}'),
        one(
          'Bytes received',
          'Bps',
          `topk(20, ${m.rate('distributor_received_bytes_total', ['tenant'])})`,
          '{{tenant}}',
        ),
        one(
          'Samples received',
          'ops',
          `topk(20, ${m.rate('distributor_received_samples_total', ['tenant'])})`,
          '{{tenant}}',
        ),
        one('Bytes stored', 'bytes', `topk(20, sum by (tenant) (${m.value('compactor_tenant_bytes')}))`, '{{tenant}}'),
        one(
          'Bytes discarded',
          'Bps',
          `topk(20, ${m.rate('discarded_bytes_total', ['tenant', 'reason'])})`,
          '{{tenant}} {{reason}}',
        ),
        one(
          'Partitions a service wants',
          'short',
          `topk(20, ceil(sum by (tenant, service) (${m.value('distributor_recommended_shards')})))`,
          '{{tenant}} {{service}}',
        ),
      ],
    },
    {
      uid: 'flamelake-resources',
      title: 'Flamelake / Resources',
      panels: [
        one('CPU', 'short', m.rate('process_cpu_seconds_total', ['pod', 'job']), '{{job}} {{pod}}'),
        one('Resident memory', 'bytes', m.value('process_resident_memory_bytes'), '{{job}} {{pod}}'),
        one('Heap', 'bytes', m.value('process_heap_used_bytes'), '{{job}} {{pod}}'),
        one('Buffers outside the heap', 'bytes', m.value('process_array_buffer_bytes'), '{{job}} {{pod}}'),
        one('Event loop lag, p99', 's', m.value('event_loop_lag_seconds', 'quantile="0.99"'), '{{job}} {{pod}}'),
        one(
          'Event loop busy',
          'percentunit',
          m.rate('event_loop_busy_seconds_total', ['pod', 'job']),
          '{{job}} {{pod}}',
        ),
        quantiles('Garbage collection', 'garbage_collection_seconds', '', ['kind']),
        one('Up for', 's', m.value('process_uptime_seconds'), '{{job}} {{pod}}'),
      ],
    },
  ];
}

const COLUMNS = 3;
const [WIDTH, HEIGHT] = [24 / COLUMNS, 8];

/** @returns what Grafana imports */
export function dashboardJson({ uid, title, panels }: Dashboard): string {
  const datasource = { type: 'prometheus', uid: '$datasource' };
  const choice = (name: string) => ({
    name,
    type: 'query',
    datasource,
    query: `label_values(flamelake_build_info, ${name})`,
    includeAll: true,
    // Also where Prometheus gives no such label.
    allValue: '.*',
    current: { text: 'All', value: '$__all' },
    multi: true,
    refresh: 2,
  });
  const json = {
    uid,
    title,
    tags: ['flamelake'],
    schemaVersion: 39,
    editable: false,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    links: [
      {
        type: 'dashboards',
        title: 'Flamelake',
        tags: ['flamelake'],
        asDropdown: true,
        includeVars: true,
        keepTime: true,
      },
    ],
    templating: {
      list: [{ name: 'datasource', type: 'datasource', query: 'prometheus' }, choice('namespace'), choice('job')],
    },
    panels: panels.map(({ title: panelTitle, unit, targets }, i) => ({
      id: i + 1,
      type: 'timeseries',
      title: panelTitle,
      datasource,
      gridPos: { x: (i % COLUMNS) * WIDTH, y: Math.floor(i / COLUMNS) * HEIGHT, w: WIDTH, h: HEIGHT },
      fieldConfig: { defaults: { unit, min: 0, custom: { fillOpacity: 8, showPoints: 'never' } }, overrides: [] },
      options: { tooltip: { mode: 'multi', sort: 'desc' }, legend: { displayMode: 'list', placement: 'bottom' } },
      targets: targets.map(([expr, legendFormat], at) => ({
        refId: String.fromCharCode(65 + at),
        expr,
        legendFormat,
        datasource,
      })),
    })),
  };
  return `${JSON.stringify(json, undefined, 1)}\n`;
}
