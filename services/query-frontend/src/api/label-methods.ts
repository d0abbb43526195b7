/** querier.v1: what profile types, labels and series there are. */
import { compareBytes, FlamelakeError, type Labels, labelsKey, profileTypeId } from '@flamelake/model';
import { decodeMessage, encodeMessage, type UnaryMethod, unaryMethod } from '@flamelake/rpc';
import {
  ProfileTypesRequestSchema,
  ProfileTypesResponseSchema,
  SeriesRequestSchema,
} from '@flamelake/rpc/gen/querier/v1/querier_pb.js';
import {
  GetProfileStatsRequestSchema,
  GetProfileStatsResponseSchema,
  LabelNamesRequestSchema,
  LabelNamesResponseSchema,
  LabelValuesRequestSchema,
  LabelValuesResponseSchema,
} from '@flamelake/rpc/gen/types/v1/types_pb.js';
import type { Queries } from '../queries.ts';
import { showsUtf8Names, timeRange, underCall } from './query-call.ts';
import { encodeLabelSets } from './series-encoding.ts';

const SERVICE = '/querier.v1.QuerierService';
const LEGACY_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

export function labelMethods(queries: Queries): UnaryMethod[] {
  return [profileTypes(queries), labelNames(queries), labelValues(queries), series(queries), stats(queries)];
}

function profileTypes(queries: Queries): UnaryMethod {
  return unaryMethod({
    path: `${SERVICE}/ProfileTypes`,
    decode: (body, form) => decodeMessage(ProfileTypesRequestSchema, body, form),
    handle: (request, call) => underCall(call, (context) => queries.profileTypes(context, timeRange(request))),
    encode(types, form) {
      const profileTypes = types.map((type) => ({ ...type, ID: profileTypeId(type) }));
      profileTypes.sort((a, b) => compareBytes(a.ID, b.ID));
      return encodeMessage(ProfileTypesResponseSchema, { profileTypes }, form);
    },
  });
}

function labelNames(queries: Queries): UnaryMethod {
  return unaryMethod({
    path: `${SERVICE}/LabelNames`,
    decode: (body, form) => decodeMessage(LabelNamesRequestSchema, body, form),
    handle: (request, call) =>
      underCall(call, async (context) => {
        const names = await queries.labelNames(context, timeRange(request), request.matchers);
        return showsUtf8Names(call) ? names : names.filter((name) => LEGACY_NAME.test(name));
      }),
    encode: (names, form) => encodeMessage(LabelNamesResponseSchema, { names: [...names] }, form),
  });
}

function labelValues(queries: Queries): UnaryMethod {
  return unaryMethod({
    path: `${SERVICE}/LabelValues`,
    decode: (body, form) => decodeMessage(LabelValuesRequestSchema, body, form),
    handle: (request, call) =>
      underCall(call, async (context) => {
        if (request.name === '') throw new FlamelakeError('invalid_argument', 'label name is missing');
        return queries.labelValues(context, timeRange(request), request.name, request.matchers);
      }),
    encode: (names, form) => encodeMessage(LabelValuesResponseSchema, { names: [...names] }, form),
  });
}

function series(queries: Queries): UnaryMethod {
  return unaryMethod({
    path: `${SERVICE}/Series`,
    decode: (body, form) => decodeMessage(SeriesRequestSchema, body, form),
    handle: (request, call) =>
      underCall(call, async (context) => {
        const range = timeRange(request);
        const sets = await queries.series(context, range, request.matchers, request.labelNames);
        return showsUtf8Names(call) ? sets : withLegacyNames(sets);
      }),
    encode: encodeLabelSets,
  });
}

/** Leaves out labels whose names old clients cannot read; sets that become equal are one. */
function withLegacyNames(sets: readonly Labels[]): readonly Labels[] {
  if (sets.every((labels) => labels.every(({ name }) => LEGACY_NAME.test(name)))) return sets;
  const kept = new Map<string, Labels>();
  for (const labels of sets) {
    const legacy = labels.filter(({ name }) => LEGACY_NAME.test(name));
    const key = labelsKey(legacy);
    if (!kept.has(key)) kept.set(key, legacy);
  }
  return [...kept.values()];
}

function stats(queries: Queries): UnaryMethod {
  return unaryMethod({
    path: `${SERVICE}/GetProfileStats`,
    decode: (body, form) => decodeMessage(GetProfileStatsRequestSchema, body, form),
    handle: (_, call) => underCall(call, (context) => queries.stats(context)),
    encode: ({ dataIngested, oldestProfileMs, newestProfileMs }, form) => {
      const times = { oldestProfileTime: wholeMs(oldestProfileMs), newestProfileTime: wholeMs(newestProfileMs) };
      return encodeMessage(GetProfileStatsResponseSchema, { dataIngested, ...times }, form);
    },
  });
}

function wholeMs(ms: number): bigint {
  return BigInt(Math.trunc(ms));
}
