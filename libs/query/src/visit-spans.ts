/** Samples of rows together with their spans: what span selectors, heat maps and exemplars of spans look at. */
import type { DatasetReader } from '@flamelake/block';
import type { ChosenSpans, RowRun } from './select-rows.ts';

/**
 * @param traceId - hex, empty for none
 * @param ordinal - of the sample among its row's
 */
type VisitSpan = (
  run: RowRun,
  row: number,
  stacktrace: number,
  value: bigint,
  spanId: bigint,
  traceId: string,
  ordinal: number,
) => void;

const TRACE_BYTES = 16;

/**
 * Visits the samples of rows that have a span or a trace, and of those the chosen ones.
 * @param chosen - undefined for all that have a span
 */
export async function visitSpans(
  dataset: DatasetReader,
  runs: readonly RowRun[],
  chosen: ChosenSpans | undefined,
  visit: VisitSpan,
): Promise<void> {
  const spans = await dataset.spans();
  if (spans === undefined) return;
  const { start, stacktrace, value } = await dataset.samples();
  const { spanIds, traceIds } = spans;
  for (const run of runs) {
    for (let row = run.from; row < run.until; row++) {
      for (let sample = start[row]; sample < start[row + 1]; sample++) {
        const span = spanIds[sample];
        const trace = traceIds === undefined ? '' : traceText(traceIds, sample);
        if (!isChosen(chosen, span, trace)) continue;
        visit(run, row, stacktrace[sample], value[sample], span, trace, sample - start[row]);
      }
    }
  }
}

function isChosen(chosen: ChosenSpans | undefined, span: bigint, trace: string): boolean {
  if (chosen === undefined) return span !== 0n;
  const { spanIds, traceIds } = chosen;
  return (spanIds.size === 0 || spanIds.has(span)) && (traceIds.size === 0 || traceIds.has(trace));
}

function traceText(traceIds: Uint8Array, sample: number): string {
  const id = traceIds.subarray(TRACE_BYTES * sample, TRACE_BYTES * (sample + 1));
  return id.every((byte) => byte === 0) ? '' : Buffer.from(id).toString('hex');
}
