/** Makes the columns of a pprof out of the samples of a recording. */
import { FlamelakeError } from '@flamelake/model';
import type { Pprof, SampleLabelColumns } from '../pprof.ts';
import type { StackColumns } from '../symbols.ts';
import { stackSymbols } from '../text/stack-profile.ts';
import { JFR_PROFILES, type JfrProfileKind } from './jfr-events.ts';
import type { JfrSamples } from './jfr-samples.ts';
import type { JfrStacks } from './jfr-stacks.ts';
import type { LabelSets } from './label-sets.ts';

/** Most frames of all stacks of a profile. */
const FRAMES_MAX = 16_777_216;

export interface JfrTimes {
  readonly timeNanos: bigint;
  readonly durationNanos: bigint;
  /** What a sample of time stands for. */
  readonly nanosPerSample: number;
}

/** String indexes of names and values in turn. */
type LabelStrings = readonly (readonly number[])[];

/** @returns what makes the profile of a kind; all share their symbols */
export function createProfiles(
  stacks: JfrStacks,
  labelSets: LabelSets,
  times: JfrTimes,
): (kind: JfrProfileKind, samples: JfrSamples) => Pprof {
  const { strings } = stacks;
  const labelStrings = labelSets.all.map((set) =>
    set.flatMap(({ name, value }) => (value === '' ? [] : [strings.text(name), strings.text(value)])),
  );
  const symbols = stackSymbols(strings.finish(), stacks.finish());
  return (kind, samples) => {
    const { sampleTypes, periodType } = JFR_PROFILES[kind];
    const isTime = kind === 'cpu' || kind === 'wall';
    return {
      symbols,
      sampleTypes,
      periodType,
      period: isTime ? BigInt(times.nanosPerSample) : 0n,
      timeNanos: times.timeNanos,
      durationNanos: times.durationNanos,
      stacks: stackColumns(stacks, samples),
      sampleCount: samples.count,
      values: samples.finish(sampleTypes.length, isTime ? times.nanosPerSample : 1),
      labels: labelColumns(samples, labelStrings),
      comments: [],
      defaultSampleType: '',
    };
  };
}

function stackColumns(stacks: JfrStacks, { stack, count }: JfrSamples): StackColumns {
  const start = new Uint32Array(count + 1);
  for (let row = 0; row < count; row++) {
    const [from, until] = stacks.range(stack.values[row]);
    start[row + 1] = start[row] + until - from;
    if (start[row + 1] > FRAMES_MAX) {
      throw new FlamelakeError('invalid_argument', 'profile holds too many of a kind', {
        kind: 'frames of stacks',
        limit: FRAMES_MAX,
      });
    }
  }
  const locations = new Uint32Array(start[count]);
  for (let row = 0; row < count; row++) {
    const [from, until] = stacks.range(stack.values[row]);
    locations.set(stacks.locations.subarray(from, until), start[row]);
  }
  return { count, start, locations };
}

function labelColumns({ labelSet, count }: JfrSamples, labelStrings: LabelStrings): SampleLabelColumns {
  const start = new Uint32Array(count + 1);
  for (let row = 0; row < count; row++) {
    start[row + 1] = start[row] + (labelStrings[labelSet.values[row]]?.length ?? 0) / 2;
  }
  const total = start[count];
  const key = new Uint32Array(total);
  const text = new Uint32Array(total);
  for (let row = 0; row < count; row++) {
    const set = labelStrings[labelSet.values[row]] ?? [];
    for (let i = 0; i < set.length; i += 2) {
      key[start[row] + i / 2] = set[i];
      text[start[row] + i / 2] = set[i + 1];
    }
  }
  return { start, key, text, number: new BigInt64Array(total), numberUnit: new Uint32Array(total) };
}
