/** Values as HTTP carries them. */
import type { ByteRange } from '@flamelake/model';

/** The Range header of RFC 9110, or that all or nothing is wanted: a range of no bytes has no form. */
export function rangeHeader(range: ByteRange | undefined): string {
  if (range === undefined) return 'all';
  if ('lastBytes' in range) return range.lastBytes === 0 ? 'nothing' : `bytes=-${range.lastBytes}`;
  return range.length === 0 ? 'nothing' : `bytes=${range.offset}-${range.offset + range.length - 1}`;
}

/** Size of the whole object, from a Content-Range header; undefined when there is none. */
export function totalOfRange(contentRange: string | null | undefined): number | undefined {
  const total = /^bytes (?:\d+-\d+|\*)\/(\d+)$/.exec(contentRange ?? '')?.[1];
  return total === undefined ? undefined : Number(total);
}

/** A time as the Last-Modified header has it: ms since 1970, whole seconds; 0 when it is no time. */
export function wholeSeconds(time: string | number | null | undefined): number {
  const ms = typeof time === 'number' ? time : Date.parse(time ?? '');
  return Number.isNaN(ms) ? 0 : Math.floor(ms / 1_000) * 1_000;
}

/** An entity tag without its quotes. */
export function plainEtag(etag: string | null | undefined): string {
  return (etag ?? '').replaceAll('"', '');
}

/** The same memory as clients want it. */
export function asBuffer(bytes: Uint8Array): Buffer<ArrayBuffer> {
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
}
