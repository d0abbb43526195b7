/** Splits a profile into series: the labels of its samples join those of the pushed series, which win. */
import type { NormalizedGroup, SampleGroup } from '@flamelake/formats';
import { FlamelakeError, type Label, type Labels, labelsKey, sortLabels } from '@flamelake/model';
import { isStoredLabel } from './relabel.ts';

const INT64_MAX = 0x7fff_ffff_ffff_ffffn;

/**
 * @param labels - stored labels of the pushed series
 * @param typeCount - value columns
 * @returns one group a label set; groups whose labels differed only where the series wins are merged
 * @throws {FlamelakeError} `out_of_range` when merged values leave int64
 */
export function sampleGroups(
  groups: readonly NormalizedGroup[],
  labels: readonly Label[],
  typeCount: number,
): SampleGroup[] {
  const names = new Set(labels.map((label) => label.name));
  const seriesLabels = sortLabels(labels);
  const byLabels = new Map<string, { labels: Labels; parts: NormalizedGroup[] }>();
  for (const group of groups) {
    const own = group.sampleLabels.filter(({ name, value }) => value !== '' && isStoredLabel(name) && !names.has(name));
    const all = own.length === 0 ? seriesLabels : sortLabels([...labels, ...own]);
    const key = labelsKey(all);
    const same = byLabels.get(key);
    if (same === undefined) byLabels.set(key, { labels: all, parts: [group] });
    else same.parts.push(group);
  }
  return [...byLabels.values()].map(({ labels: all, parts }) => {
    const [first] = parts;
    const single = parts.length === 1 ? first : mergeGroups(parts, typeCount);
    const { sampleCount, stack, values, spanIds, traceIds } = single;
    return { labels: all, sampleCount, stack, values, spanIds, traceIds };
  });
}

/** Merges groups so that a (stack, span, trace) occurs once. Rare, so it may cost an object a sample. */
function mergeGroups(parts: readonly NormalizedGroup[], typeCount: number): Omit<SampleGroup, 'labels'> {
  const hasSpans = parts.some((part) => part.spanIds !== undefined);
  const hasTraces = parts.some((part) => part.traceIds !== undefined);
  const samples = new Map<string, { stack: number; span: bigint; trace: Uint8Array | undefined; values: bigint[] }>();
  for (const part of parts) {
    for (let s = 0; s < part.sampleCount; s++) {
      const stack = part.stack[s];
      const span = part.spanIds?.[s] ?? 0n;
      const trace = traceOf(part, s);
      const values = Array.from({ length: typeCount }, (_, t) => part.values[t * part.sampleCount + s]);
      const key = `${stack} ${span} ${trace === undefined ? '' : Buffer.from(trace).toString('latin1')}`;
      const known = samples.get(key);
      if (known === undefined) samples.set(key, { stack, span, trace, values });
      else known.values = known.values.map((value, t) => checkedSum(value, values[t]));
    }
  }
  const merged = [...samples.values()];
  const traceIds = hasTraces ? new Uint8Array(merged.length * 16) : undefined;
  merged.forEach(({ trace }, s) => {
    if (trace !== undefined) traceIds?.set(trace, s * 16);
  });
  return {
    sampleCount: merged.length,
    stack: Uint32Array.from(merged, (sample) => sample.stack),
    values: BigInt64Array.from(
      Array.from({ length: typeCount }, (_, t) => merged.map((sample) => sample.values[t])).flat(),
    ),
    spanIds: hasSpans ? BigUint64Array.from(merged, (sample) => sample.span) : undefined,
    traceIds,
  };
}

/** undefined stands for all zero, too. */
function traceOf({ traceIds }: NormalizedGroup, sample: number): Uint8Array | undefined {
  const trace = traceIds?.subarray(sample * 16, sample * 16 + 16);
  return trace?.some((byte) => byte !== 0) ? trace : undefined;
}

function checkedSum(a: bigint, b: bigint): bigint {
  if (a + b > INT64_MAX) throw new FlamelakeError('out_of_range', 'sum of sample values leaves int64');
  return a + b;
}
