/**
 * What the pprof decoder fills while it reads: raw records, ids and string indexes not yet checked.
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

/**
 * Numbers in each record. Field n of the message is at n - 1; what is no field of its own comes behind them.
 * 64 bit values are two numbers: the low half in the field's place, and the high one.
 */
export const LABEL = { size: 5, key: 0, text: 1, number: 2, unit: 3, numberHigh: 4 } as const;
export const MAPPING = {
  size: 13,
  id: 0,
  start: 1,
  limit: 2,
  offset: 3,
  filename: 4,
  buildId: 5,
  /** Four of them, one number each. */
  flags: 6,
  /** Of start, limit and offset. */
  high: 10,
} as const;
export const LOCATION = { size: 5, id: 0, mapping: 1, address: 2, addressHigh: 3, linesEnd: 4 } as const;
export const LINE = { size: 2, functionId: 0, number: 1 } as const;
export const FUNCTION = { size: 5, id: 0, name: 1, systemName: 2, filename: 3, startLine: 4 } as const;

export interface PprofLimits {
  readonly samplesMax: number;
  readonly sampleLabelsMax: number;
}

export class PprofColumns {
  reader = new ProtobufReader(new Uint8Array(0));
  wideIds = new WideIds(WIDE_IDS_MAX);

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
  readonly labels = new GrowingUint32();
  /** Numbers in the label records up to each sample's end. */
  readonly labelEnds = new GrowingUint32();

  readonly mappings = new GrowingUint32();
  readonly locations = new GrowingUint32();
  readonly lines = new GrowingUint32();
  readonly functions = new GrowingUint32();

  timeNanos = 0n;
  durationNanos = 0n;
  period = 0n;
  defaultSampleType = 0;
  /** Bits of all bytes of all strings: below 0x80 when they are ASCII. */
  stringBits = 0;

  readonly #all: readonly (GrowingUint32 | GrowingBytes)[];

  constructor() {
    this.#all = Object.values(this).filter(
      (value): value is GrowingUint32 | GrowingBytes => value instanceof GrowingUint32 || value instanceof GrowingBytes,
    );
  }

  /** Starts a profile. */
  begin(bytes: Uint8Array): void {
    this.reader = new ProtobufReader(bytes);
    this.timeNanos = 0n;
    this.durationNanos = 0n;
    this.period = 0n;
    this.defaultSampleType = 0;
    this.stringBits = 0;
  }

  /** Bytes written to all columns. */
  get sizeBytes(): number {
    return this.#all.reduce((sum, column) => sum + column.length * column.values.BYTES_PER_ELEMENT, 0);
  }

  /** Lets go of the profile and of buffers too large to keep. */
  end(): void {
    for (const column of this.#all) column.clear();
    this.reader = new ProtobufReader(new Uint8Array(0));
    if (this.wideIds.count > 0) this.wideIds = new WideIds(WIDE_IDS_MAX);
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
