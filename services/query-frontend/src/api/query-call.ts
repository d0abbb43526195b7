/** From the call of an RPC to the context of a query, and back. */
import { type Call, clientCapabilities, HEADER, headerValue } from '@flamelake/rpc';
import type { CallContext, TimeRange } from '../queries.ts';

/**
 * Runs a query under the context of its call; what the query says of its answer becomes headers.
 * @throws {FlamelakeError} `invalid_argument` when the `Accept` header is malformed
 */
export async function underCall<Result>(call: Call, query: (context: CallContext) => Promise<Result>): Promise<Result> {
  showsUtf8Names(call);
  const context: CallContext = {
    tenant: call.tenant,
    signal: call.signal,
    commitToken: headerValue(call.headers, HEADER.commit),
    asOf: headerValue(call.headers, HEADER.asOf),
  };
  try {
    return await query(context);
  } finally {
    if (context.snapshot !== undefined) call.setHeader(HEADER.snapshot, context.snapshot);
    if (context.clampedMaxNodes !== undefined) call.setHeader(HEADER.maxNodes, String(context.clampedMaxNodes));
  }
}

/** Whether the client reads label names outside Prometheus' old alphabet. */
export function showsUtf8Names(call: Call): boolean {
  return clientCapabilities(headerValue(call.headers, 'accept')).utf8LabelNames;
}

/** The range of a request; the queries check it. */
export function timeRange({ start, end }: { start: bigint; end: bigint }): TimeRange {
  return { startMs: Number(start), endMs: Number(end) };
}
