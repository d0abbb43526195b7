/**
 * Times of samples in a log record: a skippable frame of zstd (RFC 8878, 3.1.2) behind the frame of the body. Releases that know no
 * times step over it as any decoder does, so that both can share a log. Layout; numbers little-endian:
 *
 *      0    magic    u32, 0x184d2a5f
 *      4    length   u32, bytes of the frame behind this field
 *      8    times    one zstd frame
 *     -8    size     u32, bytes of the times
 *     -4    bytes    u32, of the whole frame: how it is found from the record's end
 *
 * The times are those of each label set with the flag, in order: varints of how many each sample has, then all offsets in ms, each as the
 * zigzag varint of its difference from the one before, the first of a label set from 0.
 */
import { FlamelakeError } from '@flamelake/model';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import type { ProfileRecord, SampleTimes } from './profile-record.ts';
import { packZstd, unpackZstd } from './zstd.ts';

/** @throws {FlamelakeError} `data_loss` */
export type ReadTimes = (sampleCount: number) => SampleTimes;

const MAGIC = 0x184d_2a5f;
const HEADER_BYTES = 8;
const TRAILER_BYTES = 8;
const ZSTD_LEVEL = 1;
/** Largest times of a record, 256 MiB: a larger size is not believed. */
const TIMES_BYTES_MAX = 268_435_456;

/**
 * @returns the frame, empty when no sample has a time
 * @throws {FlamelakeError} `out_of_range` when there are more times than a record can hold
 */
export function encodeTimesFrame(profiles: readonly ProfileRecord[]): Uint8Array {
  const columns = profiles.flatMap(({ groups }) => groups.flatMap(({ times }) => times ?? []));
  if (columns.length === 0) return new Uint8Array(0);
  const out = new ByteWriter();
  for (const { start, offsetMs } of columns) {
    out.varints(start.subarray(1).map((end, sample) => end - start[sample]));
    out.deltas(new Uint32Array(offsetMs.buffer, offsetMs.byteOffset, offsetMs.length));
  }
  const plain = out.view();
  if (plain.length > TIMES_BYTES_MAX) {
    throw new FlamelakeError('out_of_range', 'profiles have too many times for a log record', {
      limitBytes: TIMES_BYTES_MAX,
      bytes: plain.length,
    });
  }
  const packed = packZstd(plain, ZSTD_LEVEL);
  const frame = new Uint8Array(HEADER_BYTES + packed.length + TRAILER_BYTES);
  const view = new DataView(frame.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, frame.length - HEADER_BYTES, true);
  frame.set(packed, HEADER_BYTES);
  view.setUint32(frame.length - 8, plain.length, true);
  view.setUint32(frame.length - 4, frame.length, true);
  return frame;
}

/**
 * Reads times in the order of their label sets; the frame is looked for when the first is asked for.
 * @param stored - frames of a record, back to back
 */
export function createTimesReader(stored: Uint8Array): { readonly read: ReadTimes; readonly finish: () => void } {
  let reader: ByteReader | undefined;
  return {
    read(sampleCount) {
      reader ??= new ByteReader(unpackTimes(stored));
      const counts = reader.varints(sampleCount);
      const start = new Uint32Array(sampleCount + 1);
      let end = 0;
      for (let sample = 0; sample < sampleCount; sample++) {
        end += counts[sample];
        start[sample + 1] = end;
      }
      // A column of more than there are bytes is refused before it is made.
      return { start, offsetMs: new Int32Array(reader.deltas(end).buffer) };
    },
    finish() {
      if (reader !== undefined && reader.remaining > 0) throw broken('has bytes behind its last time');
    },
  };
}

function unpackTimes(stored: Uint8Array): Uint8Array {
  if (stored.length < HEADER_BYTES + TRAILER_BYTES) throw broken('lacks the times of its samples');
  const view = new DataView(stored.buffer, stored.byteOffset, stored.length);
  const frameBytes = view.getUint32(stored.length - 4, true);
  const at = stored.length - frameBytes;
  if (frameBytes < HEADER_BYTES + TRAILER_BYTES || at < 0 || view.getUint32(at, true) !== MAGIC) {
    throw broken('lacks the times of its samples');
  }
  const size = view.getUint32(stored.length - 8, true);
  if (size === 0) return new Uint8Array(0);
  if (size > TIMES_BYTES_MAX) throw broken('has an impossible size of times', { size });
  const packed = stored.subarray(at + HEADER_BYTES, stored.length - TRAILER_BYTES);
  try {
    const plain = unpackZstd(packed, size);
    if (plain.length === size) return plain;
  } catch (cause) {
    throw broken('has times that cannot be decompressed', { size }, cause);
  }
  throw broken('has times of another size than stated', { size });
}

function broken(what: string, details: Record<string, number> = {}, cause?: unknown): FlamelakeError {
  return new FlamelakeError('data_loss', `log record ${what}`, details, { cause });
}
