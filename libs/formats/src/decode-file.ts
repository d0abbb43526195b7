/** Decodes the profiles of a file, of whatever format: what commands push and inspect, and what people upload to look at. */
import { decodePprof } from './decode-pprof.ts';
import type { FileFormat } from './guess-format.ts';
import { decodeJfr } from './jfr/decode-jfr.ts';
import type { NamedProfile } from './named-profile.ts';
import { decodeStacks } from './text/decode-stacks.ts';

export interface DecodeFileOptions {
  /** What the values of a format without sample types count, as the suffix of an application says it. */
  readonly kind: string;
  /** Of samples of time where the file does not say, Hz; 0 leaves the values of texts what they are. */
  readonly sampleRate: number;
  /** The same of recordings, which count nothing else; `sampleRate` if absent. */
  readonly recordingRate?: number;
}

/** Samples and frames of a stack, in a file of any format. */
const LIMITS = { samplesMax: 1_000_000, stackDepthMax: 1_000 };

/**
 * @param bytes - without gzip
 * @returns one profile named '' of a pprof, each with a name of other formats
 * @throws {FlamelakeError} `invalid_argument` when it is not of the format, damaged or too large
 */
export function decodeFile(
  bytes: Uint8Array,
  format: FileFormat,
  { kind, sampleRate, recordingRate = sampleRate }: DecodeFileOptions,
): NamedProfile[] {
  if (format === 'pprof') return [{ name: '', labels: [], profile: decodePprof(bytes, LIMITS) }];
  if (format === 'jfr') return decodeJfr(bytes, { sampleRate: recordingRate, ...LIMITS });
  return decodeStacks(bytes, format, { kind, sampleRate, ...LIMITS });
}
