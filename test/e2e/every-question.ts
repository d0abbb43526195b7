/** Every way to ask for what is stored, for tests of who may see it. */
import { aroundNow, SMALL_TYPE } from './small-profile.ts';

export const QUERIER = 'querier.v1.QuerierService';

/** Every RPC that reads, with a question that shows a tenant the small profiles it has. */
export function questions(): Readonly<Record<string, object>> {
  const range = aroundNow();
  const stacks = { ...range, profileTypeID: SMALL_TYPE, labelSelector: '{}' };
  return {
    ProfileTypes: range,
    LabelNames: range,
    LabelValues: { ...range, name: 'service_name' },
    Series: { ...range, matchers: [] },
    SelectMergeStacktraces: stacks,
    SelectMergeProfile: stacks,
    SelectSeries: { ...stacks, step: 15 },
    Diff: { left: stacks, right: stacks },
    GetProfileStats: {},
    SelectMergeSpanProfile: { ...stacks, spanSelector: ['0123456789abcdef'] },
    SelectHeatmap: { ...stacks, step: 15, exemplarType: 'EXEMPLAR_TYPE_INDIVIDUAL' },
    AnalyzeQuery: { ...range, query: SMALL_TYPE },
  };
}

/** The same over plain HTTP. */
export function plainQuestions(): readonly string[] {
  const query = encodeURIComponent(`${SMALL_TYPE}{}`);
  const sides = ['left', 'right'].map((side) => `${side}Query=${query}&${side}From=now-1h`).join('&');
  return [
    `/pyroscope/render?query=${query}&from=now-1h&groupBy=secret_label`,
    `/pyroscope/render?query=${query}&from=now-1h&format=dot`,
    `/pyroscope/render-diff?${sides}`,
    '/pyroscope/label-values?label=secret_label',
  ];
}
