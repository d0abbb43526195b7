/** querier.v1: heat maps of profiles and spans, and what a query would read. */
import { FlamelakeError } from '@flamelake/model';
import { decodeMessage, encodeMessage, type UnaryMethod, unaryMethod } from '@flamelake/rpc';
import {
  AnalyzeQueryRequestSchema,
  AnalyzeQueryResponseSchema,
  HeatmapQueryType,
  type SelectHeatmapRequest,
  SelectHeatmapRequestSchema,
  SelectHeatmapResponseSchema,
} from '@flamelake/rpc/gen/querier/v1/querier_pb.js';
import { ExemplarType } from '@flamelake/rpc/gen/types/v1/types_pb.js';
import type { HeatmapQuery, Queries } from '../queries.ts';
import { exemplarMessage } from './exemplar-message.ts';
import { timeRange, underCall } from './query-call.ts';

const SERVICE = '/querier.v1.QuerierService';

export function pointMethods(queries: Queries): UnaryMethod[] {
  return [heatmap(queries), analyze(queries)];
}

function heatmap(queries: Queries): UnaryMethod {
  return unaryMethod({
    path: `${SERVICE}/SelectHeatmap`,
    decode: (body, form) => decodeMessage(SelectHeatmapRequestSchema, body, form),
    handle: (request, call) => underCall(call, async (context) => queries.heatmap(context, heatmapQuery(request))),
    encode: ({ edges, series }, form) =>
      encodeMessage(
        SelectHeatmapResponseSchema,
        {
          series: series.map(({ labels, slots }) => ({
            labels: [...labels],
            slots: slots.map(({ timestampMs, counts, exemplars }) => ({
              timestamp: BigInt(timestampMs),
              yMin: [...edges],
              counts: [...counts],
              exemplars: exemplars.map(exemplarMessage),
            })),
          })),
        },
        form,
      ),
  });
}

function heatmapQuery(request: SelectHeatmapRequest): HeatmapQuery {
  const { profileTypeID, labelSelector, groupBy, step, limit = 0n, queryType, exemplarType } = request;
  const range = timeRange(request);
  if (range.startMs >= range.endMs) {
    throw new FlamelakeError('invalid_argument', 'start of the time range must be before its end', { ...range });
  }
  const points = queryType === HeatmapQueryType.SPAN ? 'spans' : 'profiles';
  return {
    ...range,
    profileTypeId: profileTypeID,
    labelSelector,
    groupBy,
    stepSeconds: step,
    points,
    hasExemplars: exemplarType === (points === 'spans' ? ExemplarType.SPAN : ExemplarType.INDIVIDUAL),
    limit: Number(limit),
  };
}

function analyze(queries: Queries): UnaryMethod {
  return unaryMethod({
    path: `${SERVICE}/AnalyzeQuery`,
    decode: (body, form) => decodeMessage(AnalyzeQueryRequestSchema, body, form),
    handle: (request, call) =>
      underCall(call, (context) => queries.analyze(context, timeRange(request), request.query)),
    encode: ({ blocks, bytes, series }, form) => {
      const [blockCount, seriesCount, totalBytes] = [BigInt(blocks), BigInt(series), BigInt(bytes)];
      const scope = {
        componentType: 'object storage',
        componentCount: 1n,
        blockCount,
        seriesCount,
        profileBytes: totalBytes,
      };
      const impact = { totalBytesInTimeRange: totalBytes, totalQueriedSeries: seriesCount, deduplicationNeeded: false };
      return encodeMessage(AnalyzeQueryResponseSchema, { queryScopes: [scope], queryImpact: impact }, form);
    },
  });
}
