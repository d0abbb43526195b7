/**
 * `/pyroscope/render`, `/pyroscope/render-diff`, `/pyroscope/label-values`: what Drilldown and scripts ask over plain HTTP.
 * `/api/v1/status/data`: what a tenant has stored, and where in the catalog, for the web app.
 */
import { type Clock, FlamelakeError } from '@flamelake/model';
import type { CallContext, Queries, SeriesQuery, StacktraceQuery } from '../queries.ts';
import { flamebearerJson } from './flamebearer.ts';
import { ONE_SIDE, stacktracesOf, wrong } from './parameters.ts';
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
        const query = stacktracesOf(parameters, ONE_SIDE, clock.nowMs());
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
  const stepSeconds = timelineStep(query);
  const whole: SeriesQuery = { ...query, groupBy: [], stepSeconds, aggregation, limit: 0, hasExemplars: false };
  const label = parameters.get('groupBy') ?? '';
  const grouped = label === '' ? undefined : queries.selectSeries(call, { ...whole, groupBy: [label] });
  const [graph, [series], groups] = await Promise.all([
    queries.flamegraph(call, query),
    queries.selectSeries(call, whole),
    grouped,
  ]);
  const byValue = groups?.map((one) => [one.labels[0]?.value ?? NO_LABEL, timelineOf(whole, one)] as const);
  const json = await flamebearerJson(graph, query.profileTypeId, {
    timeline: JSON.stringify(timelineOf(whole, series)),
    groups: JSON.stringify(byValue === undefined ? null : Object.fromEntries(byValue)),
    heatmap: 'null',
  });
  return jsonAnswer(json);
}

async function labelValues(queries: Queries, call: CallContext, parameters: URLSearchParams): Promise<PlainAnswer> {
  const label = parameters.get('label') ?? '';
  if (label === '') throw new FlamelakeError('invalid_argument', 'parameter label is missing');
  const asked = label === '__name__' ? '__profile_type__' : label;
  const query = parameters.get('query') ?? '';
  const values = await queries.labelValues(call, { startMs: 0, endMs: 0 }, asked, query === '' ? [] : [query]);
  return jsonAnswer(JSON.stringify(values));
}
