/** Shows in the traces of pushes when the segment-writer had read their record and when a segment held it. */
import type { LogRecord, ProfileLog } from '@flamelake/model';
import { readTraceContext, type Span, type Tracing, traceParts } from '@flamelake/runtime';

export interface RecordSpans {
  /** The log, its reads watched. */
  readonly log: ProfileLog;
  /** Ends the spans of records that segments hold by now. */
  advance(): void;
}

/** Spans that are open at once; records beyond are written without. */
const SPANS_MAX = 256;

/** @param positionOf - end of a partition's chain */
export function createRecordSpans(
  log: ProfileLog,
  tracing: Tracing,
  positionOf: (partition: number) => number,
): RecordSpans {
  const open = new Map<string, { readonly partition: number; readonly offset: number; readonly span: Span }>();

  const begin = (partition: number, { offset, traceparent }: LogRecord): void => {
    const parent = readTraceContext(traceparent);
    const name = `${partition}/${offset}`;
    if (parent === undefined || !traceParts(parent).isSampled || open.size >= SPANS_MAX || open.has(name)) return;
    const attributes = { 'messaging.destination.partition.id': String(partition), 'messaging.kafka.offset': offset };
    open.set(name, {
      partition,
      offset,
      span: tracing.begin('write segment', { kind: 'consumer', parent, attributes }),
    });
  };
  const advance = (): void => {
    for (const [name, { partition, offset, span }] of open) {
      if (offset >= positionOf(partition)) continue;
      span.end();
      open.delete(name);
    }
  };
  return {
    advance,
    log: {
      ...log,
      async read(partition, fromOffset, options) {
        if (open.size > 0) advance();
        const records = await log.read(partition, fromOffset, options);
        for (const record of records) if (record.traceparent !== undefined) begin(partition, record);
        return records;
      },
    },
  };
}
