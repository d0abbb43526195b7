/**
 * What the pprof decoder fills while it reads: raw columns, ids and string indexes not yet checked.
 * One set serves all profiles, one after another; the limits keep it proportionate to what a profile can honestly hold.
 */
import { FlamelakeError } from '@flamelake/model';
import { GrowingBytes, GrowingUint32 } from './growing-columns.ts';
import { WideIds } from './id-table.ts';
import { ProtobufReader } from './protobuf-reader.ts';

/** Largest counts accepted. With them, no input makes the decoder take more than about seven times its size. */
const LIMITS = {
  sampleTypes: 32,
  /** Of one sample: each value is at most ten. */
  valueBytes: 320,
  strings: 2_000_000,
  functions: 2_000_000,
  locations: 2_000_000,
  lines: 4_000_000,
  mappings: 65_536,
  labels: 4_000_000,
  comments: 1_000,
} as const;

/** Most distinct ids past 31 bits. */
const WIDE_IDS_MAX = 1_000_000;

export interface PprofLimits {
  readonly samplesMax: number;
  readonly sampleLabelsMax: number;
}

export class PprofColumns {
  reader = new ProtobufReader(new Uint8Array(0));
  wideIds = new WideIds(0);

  /** Type and unit of each sample type; of the period type. */
  readonly sampleTypes = new GrowingUint32();
  readonly periodType = new GrowingUint32();
  readonly comments = new GrowingUint32();
  readonly stringBytes = new GrowingBytes();
  readonly stringEnds = new GrowingUint32();

  /** Locations of all samples in a row, and where each sample's end. */
  readonly stackLocations = new GrowingUint32();
  readonly stackEnds = new GrowingUint32();
  /** Low and high halves. */
  readonly values = new GrowingUint32();
  readonly labelEnds = new GrowingUint32();
  readonly labelKey = new GrowingUint32();
  readonly labelText = new GrowingUint32();
  readonly labelNumber = new GrowingUint32();
  readonly labelUnit = new GrowingUint32();

  readonly mappingIds = new GrowingUint32();
  readonly mappingStart = new GrowingUint32();
  readonly mappingLimit = new GrowingUint32();
  readonly mappingOffset = new GrowingUint32();
  readonly mappingFile = new GrowingUint32();
  readonly mappingBuild = new GrowingUint32();
  readonly mappingFlags = new GrowingUint32();

  readonly locationIds = new GrowingUint32();
  readonly locationMapping = new GrowingUint32();
  readonly locationAddress = new GrowingUint32();
  readonly lineEnds = new GrowingUint32();
  readonly lineFunction = new GrowingUint32();
  readonly lineNumber = new GrowingUint32();

  readonly functionIds = new GrowingUint32();
  readonly functionName = new GrowingUint32();
  readonly functionSystem = new GrowingUint32();
  readonly functionFile = new GrowingUint32();
  readonly functionLine = new GrowingUint32();

  timeNanos = 0n;
  durationNanos = 0n;
  period = 0n;
  defaultSampleType = 0;

  readonly #all: readonly (GrowingUint32 | GrowingBytes)[];

  constructor() {
    this.#all = Object.values(this).filter(
      (value): value is GrowingUint32 | GrowingBytes => value instanceof GrowingUint32 || value instanceof GrowingBytes,
    );
  }

  /** Empties all columns for a profile. */
  begin(bytes: Uint8Array): void {
    this.end();
    this.reader = new ProtobufReader(bytes);
    this.wideIds = new WideIds(WIDE_IDS_MAX);
    this.timeNanos = 0n;
    this.durationNanos = 0n;
    this.period = 0n;
    this.defaultSampleType = 0;
  }

  /** Lets go of the profile and of buffers too large to keep. */
  end(): void {
    for (const column of this.#all) column.clear();
    this.reader = new ProtobufReader(new Uint8Array(0));
    this.wideIds = new WideIds(0);
  }
}

/** Throws when there are more than LIMITS allows. */
export function checkCount(kind: keyof typeof LIMITS, count: number): void {
  if (count > LIMITS[kind]) throw tooMany(kind, LIMITS[kind]);
}

/** The error for a count over its limit. */
export function tooMany(kind: string, limit: number): FlamelakeError {
  return new FlamelakeError('invalid_argument', 'profile holds too many of a kind', { kind, limit });
}
