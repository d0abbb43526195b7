/** Reads the frames of a log file one by one, from any frame on. */
import type { OpenFile } from '@flamelake/runtime';
import {
  decodeFrameHeader,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  isFrameIntact,
  VALUE_BYTES_LIMIT,
} from './log-format.ts';

/** Bytes fetched at once; more when a frame is larger. */
const CHUNK_BYTES = 1_048_576;

/** A whole frame. */
export interface Frame extends FrameHeader {
  /** Where it begins in the file. */
  readonly position: number;
  /** A view of memory that is not used again. */
  readonly value: Uint8Array;
}

export class FrameReader {
  readonly #file: OpenFile;
  readonly #until: number;
  readonly #seed: number;
  #chunk = new Uint8Array(0);
  #chunkStart: number;
  #position: number;

  /** Reads `[position, until)` of the file; `position` must be the start of a frame. */
  constructor(file: OpenFile, position: number, until: number, seed: number) {
    this.#file = file;
    this.#position = position;
    this.#chunkStart = position;
    this.#until = until;
    this.#seed = seed;
  }

  /** Where the next frame begins. */
  get position(): number {
    return this.#position;
  }

  /** @returns the next frame, or why there is none: `end` exactly at the end, `damaged` when what is there is no frame */
  async next(): Promise<Frame | 'end' | 'damaged'> {
    const start = this.#position;
    if (start >= this.#until) return 'end';
    if (start + FRAME_HEADER_BYTES > this.#until) return 'damaged';
    await this.#fetch(FRAME_HEADER_BYTES);
    const header = this.#header();
    if (header === undefined) return 'damaged';
    const sizeBytes = FRAME_HEADER_BYTES + header.valueSizeBytes;
    if (header.valueSizeBytes > VALUE_BYTES_LIMIT || start + sizeBytes > this.#until) return 'damaged';
    await this.#fetch(sizeBytes);
    const at = start - this.#chunkStart;
    const frame = this.#chunk.subarray(at, at + sizeBytes);
    if (frame.length < sizeBytes || !isFrameIntact(frame, header.checksum, this.#seed)) return 'damaged';
    this.#position = start + sizeBytes;
    return { ...header, position: start, value: frame.subarray(FRAME_HEADER_BYTES) };
  }

  #header(): FrameHeader | undefined {
    const { buffer, byteOffset, byteLength } = this.#chunk;
    const at = this.#position - this.#chunkStart;
    // The file can be shorter than it was said to be.
    if (at + FRAME_HEADER_BYTES > byteLength) return undefined;
    return decodeFrameHeader(new DataView(buffer, byteOffset, byteLength), at);
  }

  /** Makes `sizeBytes` from the position on available, as far as the file goes. */
  async #fetch(sizeBytes: number): Promise<void> {
    if (this.#position + sizeBytes <= this.#chunkStart + this.#chunk.length) return;
    const wanted = Math.min(Math.max(sizeBytes, CHUNK_BYTES), this.#until - this.#position);
    // Values of earlier frames are views of the old chunk, so it is not used again.
    const chunk = new Uint8Array(wanted);
    const count = await this.#file.read(chunk, this.#position);
    this.#chunk = chunk.subarray(0, count);
    this.#chunkStart = this.#position;
  }
}
