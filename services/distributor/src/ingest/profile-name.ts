/** The profile name (`__name__`) of a pprof sent to `/ingest`, which names an application but no kind of profile. */

/** What the optional part `sample_type_config` says of each sample type; only the display name counts. */
export type SampleTypeConfig = ReadonlyMap<string, { readonly displayName: string | undefined }>;

/** Names shown for sample types when a profile comes without a configuration. */
const BUILT_IN_NAMES: Readonly<Record<string, string>> = {
  samples: 'cpu',
  goroutine: 'goroutines',
  contentions: 'mutex_count',
  delay: 'mutex_duration',
};

/** First match wins, sample type by sample type. */
const NAME_PATTERNS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/cpu/, 'process_cpu'],
  [/alloc_|inuse_|^space$|^objects$/, 'memory'],
  [/mutex_/, 'mutex'],
  [/block_/, 'block'],
  [/goroutines/, 'goroutines'],
];

/** @param sampleTypes - names of the sample types, at least one */
export function ingestProfileName(sampleTypes: readonly string[], config: SampleTypeConfig | undefined): string {
  if (sampleTypes.includes('wall')) return 'wall';
  for (const type of sampleTypes) {
    const shown = config === undefined ? (BUILT_IN_NAMES[type] ?? type) : (config.get(type)?.displayName ?? type);
    const found = NAME_PATTERNS.find(([pattern]) => pattern.test(shown));
    if (found !== undefined) return found[1];
  }
  return sampleTypes.at(-1) ?? '';
}
