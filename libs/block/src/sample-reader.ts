/** Samples of a dataset's rows: which parts hold them, and the parts that were decoded. */
import { FlamelakeError, type Memory } from '@flamelake/model';
import { SAMPLE_BYTES } from './decoded-size.ts';
import { halvesOf, scale } from './int64.ts';
import type { StoredProfiles } from './profiles-section.ts';
import type { Lists } from './samples-section.ts';
import type { PartPlace } from './section.ts';
import type { RowRange, SampleColumns, VisitSamples } from './types.ts';

/** Most samples that are laid out row after row, 2^30. */
const SAMPLES_MAX = 1_073_741_824;

/** Parts of lists, decoded when they are needed. */
interface ListParts {
  readonly places: readonly PartPlace[];
  /** By part. */
  readonly decoded: (Lists<Uint32Array> | undefined)[];
}

export interface SampleParts {
  readonly stacks: ListParts;
  readonly values: ListParts;
  /** By part of values: the part of stacks right before it, whose lists its own may be as long as; -1 for none. */
  readonly paired: readonly number[];
}

export function createSampleParts(stacks: readonly PartPlace[], values: readonly PartPlace[]): SampleParts {
  const paired = values.map((place, i) => {
    const before = stacks.findLastIndex((one) => isBefore(one, place));
    return before >= 0 && (i === 0 || isBefore(values[i - 1], stacks[before])) ? before : -1;
  });
  return { stacks: { places: stacks, decoded: [] }, values: { places: values, decoded: [] }, paired };
}

function isBefore(a: PartPlace, b: PartPlace): boolean {
  return a.page < b.page || (a.page === b.page && a.part < b.part);
}

/** Parts that it takes to read the samples of rows and that are not decoded; of all rows when `profiles` is left out. */
export function missingParts(
  { stacks, values, paired }: SampleParts,
  profiles: StoredProfiles | undefined,
  rows: readonly RowRange[],
): { stacks: readonly number[]; values: readonly number[] } {
  const named = (lists: ListParts, listOf: Uint32Array | undefined): readonly number[] =>
    listOf === undefined ? [...lists.places.keys()] : partsOfRows(lists, listOf, rows);
  const missingValues = named(values, profiles?.valueList).filter((part) => values.decoded[part] === undefined);
  const needed = new Set(named(stacks, profiles?.stackList));
  for (const part of missingValues) needed.add(paired[part]);
  needed.delete(-1);
  return { stacks: [...needed].filter((part) => stacks.decoded[part] === undefined), values: missingValues };
}

/** Which parts hold the lists of rows. @param listOf - by row */
function partsOfRows({ places }: ListParts, listOf: Uint32Array, rows: readonly RowRange[]): readonly number[] {
  const isNeeded = new Uint8Array(places.length);
  let part = 0;
  for (const { from, until } of rows) {
    for (let row = from; row < until; row++) {
      part = partOf(places, listOf[row], part);
      isNeeded[part] = 1;
    }
  }
  return Array.from(isNeeded.keys()).filter((one) => isNeeded[one] === 1);
}

/** The part that holds an element. @param hint - part of the row before: mostly the same one */
function partOf(places: readonly PartPlace[], element: number, hint: number): number {
  const near = places[hint];
  if (element >= near.from && element < near.from + near.rows) return hint;
  let low = 0;
  let high = places.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (places[middle].from <= element) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Visits the samples of rows. @throws {FlamelakeError} `data_loss` when a row has more stacktraces than values or fewer */
export function visitRows(
  profiles: StoredProfiles,
  { stacks, values }: SampleParts,
  rows: readonly RowRange[],
  visit: VisitSamples,
): void {
  let [stackPart, valuePart] = [0, 0];
  for (const { from, until } of rows) {
    for (let row = from; row < until; row++) {
      stackPart = partOf(stacks.places, profiles.stackList[row], stackPart);
      valuePart = partOf(values.places, profiles.valueList[row], valuePart);
      const stackLists = decodedPart(stacks, stackPart);
      const valueLists = decodedPart(values, valuePart);
      const stackList = profiles.stackList[row] - stacks.places[stackPart].from;
      const valueList = profiles.valueList[row] - values.places[valuePart].from;
      const stackFrom = stackLists.start[stackList];
      const valueFrom = valueLists.start[valueList];
      const count = stackLists.start[stackList + 1] - stackFrom;
      if (valueLists.start[valueList + 1] - valueFrom !== count) {
        throw new FlamelakeError('data_loss', 'a profile has other numbers of stacktraces and values', { row });
      }
      visit(row, stackLists.elements, stackFrom, valueLists.elements, valueFrom, count, profiles.unit[row]);
    }
  }
}

function decodedPart({ decoded }: ListParts, part: number): Lists<Uint32Array> {
  const lists = decoded[part];
  if (lists === undefined) throw new FlamelakeError('internal', 'samples were not loaded', { part });
  return lists;
}

/** All samples of a dataset, row after row. @param memory - they are taken from it */
export function allSamples(profiles: StoredProfiles, parts: SampleParts, memory: Memory): SampleColumns {
  const rows = [{ from: 0, until: profiles.count }];
  const start = new Uint32Array(profiles.count + 1);
  let samples = 0;
  visitRows(profiles, parts, rows, (row, _stacktraces, _stackFrom, _values, _valueFrom, count) => {
    samples += count;
    start[row + 1] = samples;
  });
  if (samples > SAMPLES_MAX) throw new FlamelakeError('data_loss', 'dataset has too many samples', { samples });
  memory.take(SAMPLE_BYTES * samples);
  const stacktrace = new Uint32Array(samples);
  const value = new BigInt64Array(samples);
  const halves = halvesOf(value);
  visitRows(profiles, parts, rows, (row, stacktraces, stackFrom, own, valueFrom, count, unit) => {
    const at = start[row];
    stacktrace.set(stacktraces.subarray(stackFrom, stackFrom + count), at);
    halves.set(own.subarray(2 * valueFrom, 2 * (valueFrom + count)), 2 * at);
    scale(value, halves, at, at + count, unit);
  });
  return { count: samples, start, stacktrace, value };
}
