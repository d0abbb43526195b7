/** Names that overrides files of Pyroscope use for options of ours, so that such a file serves as it is. */

interface KnownName {
  readonly option: string;
  /** The value as the option takes it, of the value as it is there. */
  readonly value: (given: unknown) => unknown;
}

const same = (option: string): KnownName => ({ option, value: (given) => given });
/** Megabytes, fractions too, as bytes. */
const megabytes = (option: string): KnownName => ({
  option,
  value: (given) => (typeof given === 'number' ? Math.round(given * 1024 ** 2) : given),
});

const NAMES: Readonly<Record<string, KnownName>> = {
  ingestion_rate_mb: megabytes('limits.ingestion-rate'),
  ingestion_burst_size_mb: megabytes('limits.ingestion-burst'),
  ingestion_body_limit_mb: megabytes('limits.body-size-max'),
  reject_older_than: same('limits.ingestion-window'),
  max_label_name_length: same('limits.label-name-size-max'),
  max_label_value_length: same('limits.label-value-size-max'),
  max_label_names_per_series: same('limits.series-labels-max'),
  max_profile_size_bytes: same('limits.profile-size-max'),
  max_profile_stacktrace_samples: same('limits.samples-max'),
  max_profile_stacktrace_sample_labels: same('limits.sample-labels-max'),
  ingestion_relabeling_rules: same('limits.ingestion-relabeling-rules'),
  sample_type_relabeling_rules: same('limits.sample-type-relabeling-rules'),
  compactor_blocks_retention_period: same('limits.retention-period'),
  retention_period: same('limits.retention-period'),
  max_query_length: same('query.range-max'),
  max_query_lookback: same('query.lookback-max'),
  max_flamegraph_nodes_default: same('query.nodes-default'),
  max_flamegraph_nodes_max: same('query.nodes-max'),
};

/** A tenant's keys with those of Pyroscope replaced by ours; anything but a mapping stays as it is. */
export function withOwnNames(node: unknown): unknown {
  if (typeof node !== 'object' || node === null || Array.isArray(node)) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, given]) => {
      const known = Object.hasOwn(NAMES, key) ? NAMES[key] : undefined;
      return known === undefined ? [key, given] : [known.option, known.value(given)];
    }),
  );
}
