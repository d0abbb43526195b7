/** Traces of ourselves, as a port: nothing by default, OpenTelemetry when an option names where spans go. */

/** Which trace something belongs to: W3C Trace Context, level 1. */
export interface TraceContext {
  /** `00-<trace id, 32 hex digits>-<span id, 16>-<flags, 2>` */
  readonly traceparent: string;
  readonly tracestate?: string;
}

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  /** Whose work it is: asked by others, asking others, taking from a log, or none of these. */
  readonly kind: 'server' | 'client' | 'consumer' | 'internal';
  /** The span it is a part of; the current one by default. */
  readonly parent?: TraceContext | undefined;
  readonly attributes?: SpanAttributes;
}

/** Work that is going on. */
export interface Span {
  set(attributes: SpanAttributes): void;
  /** @param error - why it failed, if it did */
  end(error?: unknown): void;
}

export interface Tracing {
  /** Runs within a new span, which is the current one as long; what it throws marks the span as failed. */
  span<T>(name: string, options: SpanOptions, run: (span: Span) => Promise<T>): Promise<T>;
  /** Begins a span that is ended elsewhere. */
  begin(name: string, options: SpanOptions): Span;
  /** The current span, if somebody records it. */
  current(): TraceContext | undefined;
  /** Sends what is not yet sent. */
  close(): Promise<void>;
}

const NO_SPAN: Span = { set: () => {}, end: () => {} };

export const noTracing: Tracing = {
  span: (_name, _options, run) => run(NO_SPAN),
  begin: () => NO_SPAN,
  current: () => undefined,
  close: () => Promise.resolve(),
};

const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;
const TRACESTATE_LENGTH_MAX = 512;

/** Reads the headers of a call; undefined when they are absent or malformed. */
export function readTraceContext(traceparent: unknown, tracestate?: unknown): TraceContext | undefined {
  if (typeof traceparent !== 'string' || !TRACEPARENT.test(traceparent)) return undefined;
  const hasState = typeof tracestate === 'string' && tracestate.length <= TRACESTATE_LENGTH_MAX;
  return hasState ? { traceparent, tracestate } : { traceparent };
}

/** Parts of a `traceparent` that `readTraceContext` accepted. */
export function traceParts({ traceparent }: TraceContext): { traceId: string; spanId: string; isSampled: boolean } {
  const [, traceId = '', spanId = '', flags = ''] = TRACEPARENT.exec(traceparent) ?? [];
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}
