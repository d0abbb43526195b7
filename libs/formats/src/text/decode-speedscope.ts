/**
 * speedscope files (speedscope.app/file-format-schema.json): frames, and profiles of samples with weights (`sampled`) or of
 * frames opened and closed (`evented`). Numbers may be fractions of the unit: they are rounded so that the sum is not.
 */
import { FlamelakeError } from '@flamelake/model';
import { GrowingUint32 } from '../growing-columns.ts';
import { EventStacks } from './event-stacks.ts';
import { JsonReader } from './json-reader.ts';
import type { FrameColumns } from './stack-profile.ts';
import { type StackLimits, StackSamples } from './stack-samples.ts';
import { StringTable } from './string-table.ts';
import { malformedText } from './text-lines.ts';

const SCHEMA = 'https://www.speedscope.app/file-format-schema.json';
const PROFILES_MAX = 256;
const INT32_MAX = 0x7fff_ffff;

export interface SpeedscopeProfile {
  readonly name: string;
  readonly unit: string;
  /** Makes the stacks, with each value in the unit multiplied by `factor`. */
  samples(factor: number): StackSamples;
}

export interface SpeedscopeFile {
  readonly strings: StringTable;
  readonly frames: FrameColumns;
  readonly profiles: readonly SpeedscopeProfile[];
}

/** @throws {FlamelakeError} `invalid_argument` when the bytes are no such file */
export function decodeSpeedscope(bytes: Uint8Array, limits: StackLimits): SpeedscopeFile {
  const json = new JsonReader(bytes);
  const strings = new StringTable();
  const frames = { name: new GrowingUint32(), filename: new GrowingUint32(), line: new GrowingUint32() };
  const read: ReadProfile[] = [];
  let schema: string | undefined;
  for (let key = json.object(); key !== undefined; key = json.nextKey()) {
    if (key === '$schema') schema = json.stringIfAny();
    else if (key === 'shared') readShared(json, strings, frames);
    else if (key === 'profiles') {
      for (let more = json.array(); more; more = json.next()) {
        if (read.length === PROFILES_MAX) throw tooMany('profiles', PROFILES_MAX);
        read.push(readProfile(json, limits));
      }
    } else json.skip();
  }
  json.end();
  if (schema !== SCHEMA)
    throw malformedText('speedscope file must name its schema', { key: '$schema', expected: SCHEMA });
  const frameCount = frames.name.length;
  const column = (values: GrowingUint32) => values.values.slice(0, frameCount);
  return {
    strings,
    frames: {
      name: column(frames.name),
      filename: column(frames.filename),
      line: new Int32Array(column(frames.line).buffer),
    },
    profiles: read.map((profile) => finishProfile(profile, frameCount)),
  };
}

type Frames = Readonly<Record<'name' | 'filename' | 'line', GrowingUint32>>;

function readShared(json: JsonReader, strings: StringTable, frames: Frames): void {
  for (let key = json.object(); key !== undefined; key = json.nextKey()) {
    if (key !== 'frames') {
      json.skip();
      continue;
    }
    for (let more = json.array(); more; more = json.next()) readFrame(json, strings, frames);
  }
}

function readFrame(json: JsonReader, strings: StringTable, frames: Frames): void {
  let name = 0;
  let filename = 0;
  let line = 0;
  for (let key = json.object(); key !== undefined; key = json.nextKey()) {
    if (key === 'name') name = strings.text(json.string());
    else if (key === 'file') filename = strings.text(json.stringIfAny() ?? '');
    else if (key === 'line') line = json.numberIfAny() ?? 0;
    else json.skip();
  }
  frames.name.push(name);
  frames.filename.push(filename);
  frames.line.push(Number.isInteger(line) && line > 0 && line <= INT32_MAX ? line : 0);
}

/** A profile as read: its keys come in any order. */
interface ReadProfile {
  readonly type: string;
  readonly name: string;
  readonly unit: string;
  /** Values come in later. */
  readonly samples: StackSamples;
  readonly weights: readonly number[];
  readonly events: EventStacks;
  /** Largest index of a frame, -1 for none. */
  readonly frameMax: number;
}

function readProfile(json: JsonReader, limits: StackLimits): ReadProfile {
  let type = '';
  let name = '';
  let unit = 'none';
  let frameMax = -1;
  const samples = new StackSamples(limits);
  const weights: number[] = [];
  const events = new EventStacks(limits);
  for (let key = json.object(); key !== undefined; key = json.nextKey()) {
    if (key === 'type') type = json.string();
    else if (key === 'name') name = json.string();
    else if (key === 'unit') unit = json.string();
    else if (key === 'samples') frameMax = Math.max(frameMax, readSamples(json, samples));
    else if (key === 'weights') {
      for (let more = json.array(); more; more = json.next()) {
        if (weights.length === limits.samplesMax) throw tooMany('samples', limits.samplesMax);
        weights.push(value(json.number()));
      }
    } else if (key === 'events') {
      for (let more = json.array(); more; more = json.next()) frameMax = Math.max(frameMax, readEvent(json, events));
    } else json.skip();
  }
  return { type, name, unit, samples, weights, events, frameMax };
}

/** Returns the largest index of a frame. */
function readSamples(json: JsonReader, samples: StackSamples): number {
  const stack = new GrowingUint32();
  let max = -1;
  for (let more = json.array(); more; more = json.next()) {
    stack.clear();
    for (let inner = json.array(); inner; inner = json.next()) {
      const frame = frameIndex(json.number());
      if (frame > max) max = frame;
      stack.push(frame);
    }
    samples.add(stack.values, stack.length, 0);
  }
  return max;
}

function readEvent(json: JsonReader, events: EventStacks): number {
  let type = '';
  let frame = -1;
  let at = 0;
  for (let key = json.object(); key !== undefined; key = json.nextKey()) {
    if (key === 'type') type = json.string();
    else if (key === 'frame') frame = frameIndex(json.number());
    else if (key === 'at') at = json.number();
    else json.skip();
  }
  if (frame < 0) throw malformedText('event of a speedscope profile has no frame', {});
  if (type === 'O') events.open(frame, at);
  else if (type === 'C') events.close(frame, at);
  else throw malformedText('event of a speedscope profile must open or close a frame', { type: type.slice(0, 16) });
  return frame;
}

function finishProfile(read: ReadProfile, frameCount: number): SpeedscopeProfile {
  const { type, name, unit, samples, weights, events, frameMax } = read;
  if (frameMax >= frameCount) {
    throw malformedText('stack refers to a frame the file does not have', { frame: frameMax, frames: frameCount });
  }
  if (type === 'evented') return { name, unit, samples: (factor) => events.finish(factor) };
  if (type !== 'sampled')
    throw malformedText('speedscope profile must be sampled or evented', { type: type.slice(0, 64) });
  if (weights.length !== samples.count) {
    throw malformedText('speedscope profile has another number of weights than samples', {
      samples: samples.count,
      weights: weights.length,
    });
  }
  return { name, unit, samples: (factor) => weighted(samples, weights, factor) };
}

function weighted(samples: StackSamples, weights: readonly number[], factor: number): StackSamples {
  let carry = 0;
  for (let sample = 0; sample < weights.length; sample++) {
    const exact = weights[sample] * factor + carry;
    const whole = Math.round(exact);
    if (!Number.isSafeInteger(whole)) throw malformedText('weight is too large', { sample, weight: weights[sample] });
    carry = exact - whole;
    samples.setValue(sample, Math.max(0, whole));
  }
  return samples;
}

function frameIndex(number: number): number {
  if (Number.isInteger(number) && number >= 0 && number <= INT32_MAX) return number;
  throw malformedText('index of a frame is not valid', { frame: number });
}

function value(number: number): number {
  if (number >= 0) return number;
  throw malformedText('weight must not be negative', { weight: number });
}

function tooMany(kind: string, limit: number): FlamelakeError {
  return new FlamelakeError('invalid_argument', 'profile holds too many of a kind', { kind, limit });
}
