/** Which trace a call belongs to: W3C Trace Context, level 1. */
import type { Random } from '@flamelake/model';

export interface TraceContext {
  /** `00-<trace id, 32 hex digits>-<span id, 16>-<flags, 2>` */
  readonly traceparent: string;
  readonly tracestate?: string;
}

const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
const TRACESTATE_LENGTH_MAX = 512;

/** A trace of its own that nobody samples: its id ties log lines together. */
export function newTraceContext(random: Random): TraceContext {
  const hex = (count: number) => Buffer.from(random.bytes(count)).toString('hex');
  return { traceparent: `00-${hex(16)}-${hex(8)}-00` };
}

/** Reads the headers of a call; undefined when they are absent or malformed. */
export function readTraceContext(traceparent: unknown, tracestate: unknown): TraceContext | undefined {
  if (typeof traceparent !== 'string' || !TRACEPARENT.test(traceparent)) return undefined;
  const hasState = typeof tracestate === 'string' && tracestate.length <= TRACESTATE_LENGTH_MAX;
  return hasState ? { traceparent, tracestate } : { traceparent };
}
