/** `/api/v1/pgo/<service>/default.pgo`: what `go build -pgo` reads, fresh from production. */
import { createHash } from 'node:crypto';
import { type Clock, FlamelakeError, formatSelector, LABEL, parseSelector } from '@flamelake/model';
import type { Queries, StacktraceQuery } from '../queries.ts';
import { numberOf, rangeOf } from './parameters.ts';
import type { PlainRoute } from './plain-route.ts';

const TYPE_DEFAULT = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
/** A day has a service's usual work in it. */
const RANGE_MS_DEFAULT = 86_400_000;
/** The compiler inlines by the frames nearest to the leaf. */
const LOCATIONS_DEFAULT = 5;
const BYTES_DEFAULT = 16_777_216;

/** Parameters: from, until, query (further labels), type, keep-locations (0: all), max-bytes. */
export function pgoRoute(queries: Queries, clock: Clock): PlainRoute {
  return {
    paths: ['/api/v1/pgo/:service/default.pgo'],
    async answer(parameters, call) {
      const names = { query: 'query', from: 'from', until: 'until' };
      const query: StacktraceQuery = {
        ...rangeOf(parameters, names, clock.nowMs(), RANGE_MS_DEFAULT),
        profileTypeId: parameters.get('type') || TYPE_DEFAULT,
        labelSelector: selectorOf(parameters),
        maxNodes: undefined,
        leaves: {
          locations: numberOf(parameters, 'keep-locations') ?? LOCATIONS_DEFAULT,
          aggregatesCallees: true,
        },
      };
      const { bytes, total, kept } = await queries.pgo(call, query, numberOf(parameters, 'max-bytes') ?? BYTES_DEFAULT);
      const share = Number((kept * 10_000n) / total) / 100;
      return {
        contentType: 'application/octet-stream',
        body: bytes,
        headers: {
          etag: `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`,
          'content-disposition': 'attachment; filename="default.pgo"',
          'x-flamelake-samples-kept': `${share}%`,
        },
      };
    },
  };
}

function selectorOf(parameters: URLSearchParams): string {
  const service = parameters.get('service') ?? '';
  if (service === '') throw new FlamelakeError('invalid_argument', 'service is missing');
  const further = parseSelector(parameters.get('query') || '{}');
  return formatSelector([...further, { name: LABEL.serviceName, op: '=', value: service }]);
}
