/** A trace context for calls that belong to no trace. */
import type { Random } from '@flamelake/model';
import type { TraceContext } from '@flamelake/runtime';

/** A trace of its own that nobody samples: its id ties log lines together. */
export function newTraceContext(random: Random): TraceContext {
  const hex = (count: number) => Buffer.from(random.bytes(count)).toString('hex');
  return { traceparent: `00-${hex(16)}-${hex(8)}-00` };
}
