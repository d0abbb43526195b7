/** Splits a profile into series: the labels of its samples join those of the pushed series, which win. */
import type { NormalizedGroup, SampleGroup, SampleTimes } from '@flamelake/formats';
import {
  FlamelakeError,
  LABEL,
  type Label,
  type Labels,
  labelsKey,
  labelValue,
  type Relabeller,
  sortLabels,
} from '@flamelake/model';
import { UNKNOWN_SERVICE } from './push-profiles.ts';
import { isStoredLabel } from './relabel.ts';

const INT64_MAX = 0x7fff_ffff_ffff_ffffn;
const NO_TIMES = new Int32Array(0);

/** Series of one profile that go into one record. */
export interface RecordSeries {
  /** Profile name (`__name__`). */
  readonly name: string;
  readonly service: string;
  readonly groups: readonly SampleGroup[];
}

export interface SplitProfile {
  /** In order of first appearance; one unless rules change services or names. */
  readonly records: readonly RecordSeries[];
  /** Samples of series that rules drop. */
  readonly droppedSamples: number;
}

/** A series on its way: what its groups have in common. */
interface Series {
  readonly name: string;
  readonly labels: Labels;
  readonly parts: NormalizedGroup[];
}

/**
 * @param labels - stored labels of the pushed series
 * @param name - profile name
 * @param typeCount - value columns
 * @param relabeller - a tenant's rules; they see the profile name as `__name__`
 * @returns one group a label set; groups whose labels differed only where the series wins, or rules made them equal, are merged
 * @throws {FlamelakeError} `out_of_range` when merged values leave int64
 */
export function splitBySeries(
  groups: readonly NormalizedGroup[],
  labels: readonly Label[],
  name: string,
  typeCount: number,
  relabeller: Relabeller | undefined,
): SplitProfile {
  const names = new Set(labels.map((label) => label.name));
  const seriesLabels = sortLabels(labels);
  const byLabels = new Map<string, Series>();
  let droppedSamples = 0;
  for (const group of groups) {
    const own = group.sampleLabels.filter(
      (label) => label.value !== '' && isStoredLabel(label.name) && !names.has(label.name),
    );
    const all = own.length === 0 ? seriesLabels : sortLabels([...labels, ...own]);
    const changed = relabeller === undefined ? { name, labels: all } : byRules(all, name, relabeller);
    if (changed === undefined) {
      droppedSamples += group.sampleCount;
      continue;
    }
    const key = `${changed.name} ${labelsKey(changed.labels)}`;
    const same = byLabels.get(key);
    if (same === undefined) byLabels.set(key, { ...changed, parts: [group] });
    else same.parts.push(group);
  }
  return { records: byRecord([...byLabels.values()], typeCount), droppedSamples };
}

function byRules(labels: Labels, name: string, relabeller: Relabeller): Omit<Series, 'parts'> | undefined {
  const changed = relabeller(sortLabels([...labels, { name: LABEL.metricName, value: name }]));
  if (changed === undefined) return undefined;
  const stored = changed.filter((label) => isStoredLabel(label.name));
  const hasService = labelValue(stored, LABEL.serviceName) !== '';
  return {
    name: labelValue(changed, LABEL.metricName),
    labels: hasService ? stored : sortLabels([...stored, { name: LABEL.serviceName, value: UNKNOWN_SERVICE }]),
  };
}

function byRecord(series: readonly Series[], typeCount: number): RecordSeries[] {
  const records = new Map<string, { name: string; service: string; groups: SampleGroup[] }>();
  for (const { name, labels, parts } of series) {
    const [first] = parts;
    const { sampleCount, stack, values, spanIds, traceIds, times } =
      parts.length === 1 ? first : mergeGroups(parts, typeCount);
    const group = { labels, sampleCount, stack, values, spanIds, traceIds, ...(times && { times }) };
    const service = labelValue(labels, LABEL.serviceName);
    const key = JSON.stringify([name, service]);
    const same = records.get(key);
    if (same === undefined) records.set(key, { name, service, groups: [group] });
    else same.groups.push(group);
  }
  return [...records.values()];
}

interface MergedSample {
  readonly stack: number;
  readonly span: bigint;
  readonly trace: Uint8Array | undefined;
  values: bigint[];
  times: Int32Array;
}

/** Merges groups so that a (stack, span, trace) occurs once. Rare, so it may cost an object a sample. */
function mergeGroups(parts: readonly NormalizedGroup[], typeCount: number): Omit<SampleGroup, 'labels'> {
  const hasSpans = parts.some((part) => part.spanIds !== undefined);
  const hasTraces = parts.some((part) => part.traceIds !== undefined);
  const samples = new Map<string, MergedSample>();
  for (const part of parts) {
    for (let s = 0; s < part.sampleCount; s++) {
      const stack = part.stack[s];
      const span = part.spanIds?.[s] ?? 0n;
      const trace = traceOf(part, s);
      const values = Array.from({ length: typeCount }, (_, t) => part.values[t * part.sampleCount + s]);
      const key = `${stack} ${span} ${trace === undefined ? '' : Buffer.from(trace).toString('latin1')}`;
      const known = samples.get(key);
      const times = part.times?.offsetMs.subarray(part.times.start[s], part.times.start[s + 1]) ?? NO_TIMES;
      if (known === undefined) samples.set(key, { stack, span, trace, values, times });
      else {
        known.values = known.values.map((value, t) => checkedSum(value, values[t]));
        known.times = Int32Array.from([...known.times, ...times]).sort();
      }
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
    times: joinTimes(merged),
  };
}

function joinTimes(samples: readonly MergedSample[]): SampleTimes | undefined {
  const start = new Uint32Array(samples.length + 1);
  samples.forEach(({ times }, s) => {
    start[s + 1] = start[s] + times.length;
  });
  if (start[samples.length] === 0) return undefined;
  const offsetMs = new Int32Array(start[samples.length]);
  samples.forEach(({ times }, s) => offsetMs.set(times, start[s]));
  return { start, offsetMs };
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
