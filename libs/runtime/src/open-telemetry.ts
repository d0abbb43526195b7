/** Traces by OpenTelemetry, sent over OTLP/HTTP. Imported only where an option asks for them. */
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Context,
  createTraceState,
  type Span as OtelSpan,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import { type Span, type SpanOptions, type TraceContext, type Tracing, traceParts } from './tracing.ts';

export interface OpenTelemetryOptions {
  /** Where an OTLP/HTTP receiver takes traces: the whole URL, `/v1/traces` included. */
  readonly url: string;
  /** Share of traces begun here that are recorded, 0 to 1; of those begun elsewhere the caller has decided. */
  readonly sampleRatio: number;
  /** What the process is, by the names of OpenTelemetry's resources. */
  readonly resource: Readonly<Record<string, string>>;
}

const KINDS: Readonly<Record<SpanOptions['kind'], SpanKind>> = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
};
/** Spans that wait to be sent; more are dropped. */
const QUEUE_SPANS_MAX = 2_048;
const BATCH_SPANS_MAX = 512;
const SEND_INTERVAL_MS = 2_000;
const SEND_TIMEOUT_MS = 5_000;

export function createOpenTelemetry({ url, sampleRatio, resource }: OpenTelemetryOptions): Tracing {
  const exporter = new OTLPTraceExporter({ url, timeoutMillis: SEND_TIMEOUT_MS });
  const processor = new BatchSpanProcessor(exporter, {
    maxQueueSize: QUEUE_SPANS_MAX,
    maxExportBatchSize: BATCH_SPANS_MAX,
    scheduledDelayMillis: SEND_INTERVAL_MS,
    exportTimeoutMillis: SEND_TIMEOUT_MS,
  });
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes(resource),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleRatio) }),
    spanProcessors: [processor],
  });
  const tracer = provider.getTracer('flamelake');
  const current = new AsyncLocalStorage<OtelSpan>();

  const start = (name: string, { kind, parent, attributes = {} }: SpanOptions): OtelSpan =>
    tracer.startSpan(name, { kind: KINDS[kind], attributes }, contextOf(parent, current.getStore()));
  return {
    async span(name, options, run) {
      const span = start(name, options);
      const ended = wrap(span);
      try {
        const answer = await current.run(span, () => run(ended));
        ended.end();
        return answer;
      } catch (error) {
        ended.end(error);
        throw error;
      }
    },
    begin: (name, options) => wrap(start(name, options)),
    current() {
      const span = current.getStore();
      if (span === undefined || !span.isRecording()) return undefined;
      const { traceId, spanId, traceState } = span.spanContext();
      const traceparent = `00-${traceId}-${spanId}-01`;
      return traceState === undefined ? { traceparent } : { traceparent, tracestate: traceState.serialize() };
    },
    close: () => provider.shutdown(),
  };
}

function contextOf(parent: TraceContext | undefined, current: OtelSpan | undefined): Context {
  if (parent === undefined) return current === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, current);
  const { traceId, spanId, isSampled } = traceParts(parent);
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
    ...(parent.tracestate !== undefined && { traceState: createTraceState(parent.tracestate) }),
  });
}

function wrap(span: OtelSpan): Span {
  return {
    set: (attributes) => void span.setAttributes(attributes),
    end(error) {
      if (error !== undefined) {
        span.setStatus({ code: SpanStatusCode.ERROR, ...(error instanceof Error && { message: error.message }) });
      }
      span.end();
    },
  };
}
