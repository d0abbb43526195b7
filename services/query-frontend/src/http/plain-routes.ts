/**
 * `/pyroscope/render`, `/pyroscope/render-diff`, `/pyroscope/label-values`: what Drilldown and scripts ask over plain HTTP.
 * A render is narrowed down by `callSite` (function names, root first, one parameter each) and `profileId`.
 * `/api/v1/status/data`: what a tenant has stored, and where in the catalog, for the web app.
 */
import { type Clock, FlamelakeError } from '@flamelake/model';
import type { CallContext, Queries, SeriesQuery, StacktraceQuery } from '../queries.ts';
import { flamebearerJson } from './flamebearer.ts';
import { narrowedStacktracesOf, stacktracesOf, wrong } from './parameters.ts';
import { pgoRoute } from './pgo-route.ts';
import { jsonAnswer, type PlainAnswer, type PlainRoute } from './plain-route.ts';
import { timelineOf, timelineStep } from './timeline.ts';

const LEFT = { query: 'leftQuery', from: 'leftFrom', until: 'leftUntil' };
const RIGHT = { query: 'rightQuery', from: 'rightFrom', until: 'rightUntil' };
/** Group of the series that do not have the label. */
const NO_LABEL = '*';
const AGGREGATIONS: Readonly<Record<string, SeriesQuery['aggregation']>> = { '': 'sum', sum: 'sum', avg: 'average' };

export function plainRoutes(queries: Queries, clock: Clock): readonly PlainRoute[] {
  return [
    {
      paths: ['/pyroscope/render', '/render'],
      answer(parameters, call) {
        const query = narrowedStacktracesOf(parameters, clock.nowMs());
        return parameters.get('format') === 'dot'
          ? dot(queries, call, query)
          : render(queries, call, parameters, query);
      },
    },
    {
      paths: ['/pyroscope/render-diff', '/render-diff'],
      async answer(parameters, call) {
        const left = stacktracesOf(parameters, LEFT, clock.nowMs());
        const right = stacktracesOf(parameters, RIGHT, clock.nowMs());
        if (left.profileTypeId !== right.profileTypeId) {
          throw new FlamelakeError('invalid_argument', 'both sides of a diff must have one profile type', {
            left: left.profileTypeId,
            right: right.profileTypeId,
          });
        }
        return jsonAnswer(await flamebearerJson(await queries.diff(call, left, right), left.profileTypeId, {}));
      },
    },
    pgoRoute(queries, clock),
    {
      paths: ['/api/v1/status/data'],
      answer: async (_, call) => jsonAnswer(JSON.stringify(await queries.stored(call))),
    },
    { paths: ['/pyroscope/label-values'], answer: (parameters, call) => labelValues(queries, call, parameters) },
  ];
}

async function dot(queries: Queries, call: CallContext, query: StacktraceQuery): Promise<PlainAnswer> {
  return { contentType: 'text/plain; charset=utf-8', body: await queries.dot(call, query) };
}

async function render(
  queries: Queries,
  call: CallContext,
  parameters: URLSearchParams,
  query: StacktraceQuery,
): Promise<PlainAnswer> {
  const aggregation = AGGREGATIONS[parameters.get('aggregation') ?? ''];
  if (aggregation === undefined) throw wrong('aggregation', parameters.get('aggregation') ?? '', 'sum or avg');
  const isWhole = (query.callSite ?? []).length === 0;
  const [graph, overTime] = await Promise.all([
    queries.flamegraph(call, query),
    isWhole ? timelines(queries, call, query, aggregation, parameters.get('groupBy') ?? '') : NO_TIMELINES,
  ]);
  return jsonAnswer(await flamebearerJson(graph, query.profileTypeId, { ...overTime, heatmap: 'null' }));
}

/** What lies below a call site is not known over time: a series is of whole profiles. */
const NO_TIMELINES = { timeline: 'null', groups: 'null' };

async function timelines(
  queries: Queries,
  call: CallContext,
  { startMs, endMs, profileTypeId, labelSelector, choice }: StacktraceQuery,
  aggregation: SeriesQuery['aggregation'],
  label: string,
): Promise<typeof NO_TIMELINES> {
  const stepSeconds = timelineStep({ startMs, endMs });
  const query = { startMs, endMs, profileTypeId, labelSelector, choice, stepSeconds, aggregation };
  const whole: SeriesQuery = { ...query, groupBy: [], limit: 0, hasExemplars: false };
  const grouped = label === '' ? undefined : queries.selectSeries(call, { ...whole, groupBy: [label] });
  const [[series], groups] = await Promise.all([queries.selectSeries(call, whole), grouped]);
  const byValue = groups?.map((one) => [one.labels[0]?.value ?? NO_LABEL, timelineOf(whole, one)] as const);
  return {
    timeline: JSON.stringify(timelineOf(whole, series)),
    groups: JSON.stringify(byValue === undefined ? null : Object.fromEntries(byValue)),
  };
}

async function labelValues(queries: Queries, call: CallContext, parameters: URLSearchParams): Promise<PlainAnswer> {
  const label = parameters.get('label') ?? '';
  if (label === '') throw new FlamelakeError('invalid_argument', 'parameter label is missing');
  const asked = label === '__name__' ? '__profile_type__' : label;
  const query = parameters.get('query') ?? '';
  const values = await queries.labelValues(call, { startMs: 0, endMs: 0 }, asked, query === '' ? [] : [query]);
  return jsonAnswer(JSON.stringify(values));
}
