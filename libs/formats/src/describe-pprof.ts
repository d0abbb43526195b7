/** What a profile holds, as plain data that a command can print: the form behind `flamelake inspect`. */
import type { Pprof } from './pprof.ts';
import { stringAt } from './string-column.ts';

/** A function's share of one sample type. */
export interface FunctionSummary {
  /** The function's name; of a frame without symbols, `binary!0xaddress`. */
  readonly name: string;
  /** Value of the samples whose innermost frame it is. */
  readonly flat: bigint;
  /** Value of the samples it occurs in, each counted once. */
  readonly cum: bigint;
}

export interface SampleTypeSummary {
  readonly type: string;
  readonly unit: string;
  /** Exact, samples without a stack included; may be past int64. */
  readonly total: bigint;
  /** Value of the samples without a stack. */
  readonly withoutStack: bigint;
  /** Rows by flat, largest first, then by name. */
  readonly top: readonly FunctionSummary[];
  /** Rows by cum, largest first, then by name. */
  readonly topByCum: readonly FunctionSummary[];
}

export interface PprofSummary {
  readonly timeNanos: bigint;
  readonly durationNanos: bigint;
  readonly period: bigint;
  /** `type/unit`, '' when the profile states none. */
  readonly periodType: string;
  readonly sampleCount: number;
  /** Distinct stacks. */
  readonly stackCount: number;
  readonly locationCount: number;
  readonly functionCount: number;
  readonly mappingCount: number;
  /** Names of string labels of samples, sorted. */
  readonly labelNames: readonly string[];
  readonly comments: readonly string[];
  readonly sampleTypes: readonly SampleTypeSummary[];
}

const ROWS = 20;

/** @param options - `rows`: functions listed for each sample type; 20 unless told */
export function describePprof(pprof: Pprof, options: { rows?: number } = {}): PprofSummary {
  const { symbols, stacks, labels, periodType } = pprof;
  const names = frameNames(pprof);
  const keys = new Set<string>();
  for (let i = 0; i < labels.key.length; i++) {
    if (labels.text[i] !== 0) keys.add(stringAt(symbols.strings, labels.key[i]));
  }
  const distinct = new Set<string>();
  for (let i = 0; i < stacks.count; i++)
    distinct.add(stacks.locations.subarray(stacks.start[i], stacks.start[i + 1]).join());
  return {
    timeNanos: pprof.timeNanos,
    durationNanos: pprof.durationNanos,
    period: pprof.period,
    periodType: periodType === undefined ? '' : `${periodType.type}/${periodType.unit}`,
    sampleCount: pprof.sampleCount,
    stackCount: distinct.size,
    locationCount: symbols.locations.count,
    functionCount: symbols.functions.count,
    mappingCount: symbols.mappings.count,
    labelNames: [...keys].sort(),
    comments: pprof.comments,
    sampleTypes: pprof.sampleTypes.map((_, type) => describeType(pprof, type, names, options.rows ?? ROWS)),
  };
}

function describeType(pprof: Pprof, type: number, names: FrameNames, rows: number): SampleTypeSummary {
  const { stacks, values, sampleCount, sampleTypes } = pprof;
  const flat = names.texts.map(() => 0n);
  const cum = names.texts.map(() => 0n);
  const lastSample = new Int32Array(names.texts.length).fill(-1);
  let total = 0n;
  let withoutStack = 0n;
  for (let sample = 0; sample < sampleCount; sample++) {
    const value = values[sample * sampleTypes.length + type];
    total += value;
    const own = pprof.sampleStack?.[sample] ?? sample;
    const start = stacks.start[own];
    const end = stacks.start[own + 1];
    if (start === end) withoutStack += value;
    for (let i = start; i < end; i++) {
      const location = stacks.locations[i];
      for (let frame = names.start[location]; frame < names.start[location + 1]; frame++) {
        const name = names.name[frame];
        if (i === start && frame === names.start[location]) flat[name] = flat[name] + value;
        if (lastSample[name] === sample) continue;
        lastSample[name] = sample;
        cum[name] = cum[name] + value;
      }
    }
  }
  const summaries = names.texts.map((name, i) => ({ name, flat: flat[i], cum: cum[i] }));
  const { type: name, unit } = sampleTypes[type] as { type: string; unit: string };
  return {
    type: name,
    unit,
    total,
    withoutStack,
    top: largest(summaries, (row) => row.flat, rows),
    topByCum: largest(summaries, (row) => row.cum, rows),
  };
}

function largest(summaries: readonly FunctionSummary[], value: (row: FunctionSummary) => bigint, rows: number) {
  const byValue = (a: FunctionSummary, b: FunctionSummary) => {
    const [x, y] = [value(a), value(b)];
    if (x !== y) return x > y ? -1 : 1;
    return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
  };
  return summaries
    .filter((row) => value(row) !== 0n)
    .sort(byValue)
    .slice(0, rows);
}

/** Frames of location `i` are `[start[i], start[i + 1])`, innermost first; functions of one name are one. */
interface FrameNames {
  readonly texts: readonly string[];
  readonly start: Uint32Array;
  readonly name: readonly number[];
}

function frameNames({ symbols }: Pprof): FrameNames {
  const { strings, functions, locations, mappings } = symbols;
  const texts: string[] = [];
  const numbers = new Map<string, number>();
  const number = (text: string) => {
    let known = numbers.get(text);
    if (known === undefined) {
      known = texts.push(text) - 1;
      numbers.set(text, known);
    }
    return known;
  };
  const byFunction = Array.from({ length: functions.count }, (_, i) => number(stringAt(strings, functions.name[i])));
  const start = new Uint32Array(locations.count + 1);
  const name: number[] = [];
  for (let i = 0; i < locations.count; i++) {
    const end = locations.lineStart[i + 1];
    for (let line = locations.lineStart[i]; line < end; line++) {
      name.push(byFunction[locations.lineFunction[line]]);
    }
    if (end === locations.lineStart[i]) {
      const mapping = locations.mapping[i];
      const file = mapping === 0 ? '' : stringAt(strings, mappings.filename[mapping - 1]);
      name.push(number(`${file.slice(file.lastIndexOf('/') + 1)}!0x${(locations.address[i]).toString(16)}`));
    }
    start[i + 1] = name.length;
  }
  return { texts, start, name };
}
