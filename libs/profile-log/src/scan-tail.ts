/** Finds the end of a log's last file after a crash, and tells a torn write from damage. */
import { FlamelakeError } from '@flamelake/model';
import type { OpenFile } from '@flamelake/runtime';
import { type Frame, FrameReader } from './frame-reader.ts';
import { decodeFrameHeader, FRAME_HEADER_BYTES, HEADER_BYTES, isFrameIntact, VALUE_BYTES_LIMIT } from './log-format.ts';

/** What to do about damage, for details of errors. */
export const DAMAGE_ADVICE =
  'restore the file from a copy, or move the directory away to begin a new log: what was folded into the object store stays';

export interface TailScan {
  /** Name of the file, for errors. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Offset of the file's first record. */
  readonly base: number;
  readonly seed: number;
  /** Told of each record. */
  readonly onFrame: (frame: Frame) => void;
}

/**
 * Reads a log's last file to its end.
 * @returns position of the end: what lies beyond is a write that was never acknowledged
 * @throws {FlamelakeError} `data_loss` when a record is damaged that a later group proves to have been durable
 */
export async function scanTail(file: OpenFile, scan: TailScan): Promise<number> {
  const reader = new FrameReader(file, HEADER_BYTES, scan.sizeBytes, scan.seed);
  let next = scan.base;
  for (;;) {
    const position = reader.position;
    const frame = await reader.next();
    if (frame === 'end') return position;
    if (frame === 'damaged' || frame.offset !== next) {
      await checkUnacknowledged(file, scan, position, next);
      return position;
    }
    scan.onFrame(frame);
    next++;
  }
}

/** Looks behind a damaged frame at `position` for a group that was begun after it. */
async function checkUnacknowledged(file: OpenFile, scan: TailScan, position: number, offset: number): Promise<void> {
  const rest = new Uint8Array(scan.sizeBytes - position);
  const count = await file.read(rest, position);
  const view = new DataView(rest.buffer);
  for (let at = 1; at + FRAME_HEADER_BYTES <= count; at++) {
    // Cheap tests first: a size that fits, an offset still to come, a group that began behind the damage.
    const valueSizeBytes = view.getUint32(at + 4);
    const end = at + FRAME_HEADER_BYTES + valueSizeBytes;
    if (valueSizeBytes > VALUE_BYTES_LIMIT || end > count) continue;
    const header = decodeFrameHeader(view, at);
    if (header.offset <= offset || header.groupStart <= position || header.groupStart > position + at) continue;
    if (!isFrameIntact(rest.subarray(at, end), header.checksum, scan.seed)) continue;
    throw new FlamelakeError('data_loss', 'profile log is damaged below records that were acknowledged', {
      file: scan.name,
      position,
      offset,
      intactFromOffset: header.offset,
      advice: DAMAGE_ADVICE,
    });
  }
}
