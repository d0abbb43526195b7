/** querier.v1: flame graphs, merged profiles, time series and differences. */
import { FlamelakeError } from '@flamelake/model';
import { type BodyForm, decodeMessage, encodeMessage, type UnaryMethod, unaryMethod } from '@flamelake/rpc';
import {
  AsyncQueryType,
  DiffRequestSchema,
  ProfileFormat,
  type SelectMergeProfileRequest,
  SelectMergeProfileRequestSchema,
  SelectMergeSpanProfileRequestSchema,
  type SelectMergeStacktracesRequest,
  SelectMergeStacktracesRequestSchema,
  SelectMergeStacktracesResponseSchema,
  type SelectSeriesRequest,
  SelectSeriesRequestSchema,
} from '@flamelake/rpc/gen/querier/v1/querier_pb.js';
import { ExemplarType, TimeSeriesAggregationType } from '@flamelake/rpc/gen/types/v1/types_pb.js';
import type { CallContext, Flamegraph, Queries, SeriesQuery, StacktraceQuery } from '../queries.ts';
import { encodeFlamegraph } from './flamegraph-encoding.ts';
import { encodeProfile, encodeWrappedProfile } from './profile-encoding.ts';
import { timeRange, underCall } from './query-call.ts';
import { encodeTimeSeries } from './series-encoding.ts';

const SERVICE = '/querier.v1.QuerierService';

export function selectMethods(queries: Queries): UnaryMethod[] {
  return [stacktraces(queries), spanProfile(queries), mergeProfile(queries), selectSeries(queries), diff(queries)];
}

/** A stacktrace answer in the format asked for. */
type Stacktraces =
  | { readonly flamegraph: Flamegraph }
  | { readonly tree: Uint8Array }
  | { readonly dot: string }
  | { readonly profile: Uint8Array };

function stacktraces(queries: Queries): UnaryMethod {
  return unaryMethod({
    path: `${SERVICE}/SelectMergeStacktraces`,
    decode: (body, form) => decodeMessage(SelectMergeStacktracesRequestSchema, body, form),
    handle: (request, call) =>
      underCall(call, async (context) => runStacktraces(queries, context, request.format, stacktraceQuery(request))),
    encode: encodeStacktraces,
  });
}

/** What Grafana up to 12 calls for spans: flame graph or tree, whatever else is asked for. */
function spanProfile(queries: Queries): UnaryMethod {
  return unaryMethod({
    path: `${SERVICE}/SelectMergeSpanProfile`,
    decode: (body, form) => decodeMessage(SelectMergeSpanProfileRequestSchema, body, form),
    handle: (request, call) =>
      underCall(call, async (context) => {
        const { profileTypeID, labelSelector, spanSelector, maxNodes } = request;
        if (spanSelector.length === 0) throw new FlamelakeError('invalid_argument', 'span_selector is missing');
        const format = request.format === ProfileFormat.TREE ? ProfileFormat.TREE : ProfileFormat.FLAMEGRAPH;
        return runStacktraces(queries, context, format, {
          ...timeRange(request),
          profileTypeId: profileTypeID,
          labelSelector,
          maxNodes: maxNodes === undefined ? undefined : Number(maxNodes),
          choice: { profileIds: [], spanIds: spanSelector, traceIds: [] },
        });
      }),
    encode: encodeStacktraces,
  });
}

async function runStacktraces(
  queries: Queries,
  context: CallContext,
  format: ProfileFormat,
  query: StacktraceQuery,
): Promise<Stacktraces> {
  switch (format) {
    case ProfileFormat.UNSPECIFIED:
    case ProfileFormat.FLAMEGRAPH:
      return { flamegraph: await queries.flamegraph(context, query) };
    case ProfileFormat.TREE:
      return { tree: await queries.tree(context, query) };
    case ProfileFormat.DOT:
      return { dot: await queries.dot(context, query) };
    case ProfileFormat.PPROF:
      return { profile: await queries.pprof(context, query) };
    default:
      throw new FlamelakeError('unimplemented', 'profile format is not known', { format });
  }
}

function encodeStacktraces(answer: Stacktraces, form: BodyForm): Uint8Array | Promise<Uint8Array> {
  if ('flamegraph' in answer) return encodeFlamegraph(answer.flamegraph, form);
  if ('profile' in answer) return encodeWrappedProfile(answer.profile, form);
  return encodeMessage(SelectMergeStacktracesResponseSchema, answer, form);
}

function mergeProfile(queries: Queries): UnaryMethod {
  return unaryMethod({
    path: `${SERVICE}/SelectMergeProfile`,
    decode: (body, form) => decodeMessage(SelectMergeProfileRequestSchema, body, form),
    handle: (request, call) => underCall(call, async (context) => queries.pprof(context, stacktraceQuery(request))),
    encode: encodeProfile,
  });
}

function selectSeries(queries: Queries): UnaryMethod {
  return unaryMethod({
    path: `${SERVICE}/SelectSeries`,
    decode: (body, form) => decodeMessage(SelectSeriesRequestSchema, body, form),
    handle: (request, call) => underCall(call, async (context) => queries.selectSeries(context, seriesQuery(request))),
    encode: encodeTimeSeries,
  });
}

function diff(queries: Queries): UnaryMethod {
  return unaryMethod({
    path: `${SERVICE}/Diff`,
    decode: (body, form) => decodeMessage(DiffRequestSchema, body, form),
    handle: ({ left, right }, call) =>
      underCall(call, async (context) => {
        if (left === undefined || right === undefined)
          throw new FlamelakeError('invalid_argument', 'diff needs both left and right');
        return queries.diff(context, stacktraceQuery(left), stacktraceQuery(right));
      }),
    encode: encodeFlamegraph,
  });
}

function stacktraceQuery(request: SelectMergeStacktracesRequest | SelectMergeProfileRequest): StacktraceQuery {
  const { profileTypeID, labelSelector, maxNodes, stackTraceSelector, profileIdSelector, traceIdSelector } = request;
  if ('async' in request && request.async?.type === AsyncQueryType.FORCE) throw unserved('async');
  const goPgo = stackTraceSelector?.goPgo;
  return {
    ...timeRange(request),
    profileTypeId: profileTypeID,
    labelSelector,
    maxNodes: maxNodes === undefined ? undefined : Number(maxNodes),
    callSite: stackTraceSelector?.callSite.map(({ name }) => name) ?? [],
    leaves: goPgo && { locations: goPgo.keepLocations, aggregatesCallees: goPgo.aggregateCallees },
    choice: {
      profileIds: profileIdSelector,
      traceIds: traceIdSelector,
      spanIds: 'spanSelector' in request ? request.spanSelector : [],
    },
  };
}

function seriesQuery(request: SelectSeriesRequest): SeriesQuery {
  const { profileTypeID, labelSelector, groupBy, step, aggregation, limit = 0n } = request;
  if (request.exemplarType === ExemplarType.SPAN) throw unserved('exemplar_type');
  return {
    ...timeRange(request),
    profileTypeId: profileTypeID,
    labelSelector,
    groupBy,
    stepSeconds: step,
    aggregation: aggregation === TimeSeriesAggregationType.AVERAGE ? 'average' : 'sum',
    limit: Number(limit),
    hasExemplars: request.exemplarType === ExemplarType.INDIVIDUAL,
  };
}

function unserved(field: string): FlamelakeError {
  return new FlamelakeError('unimplemented', 'field is not served', { field });
}
