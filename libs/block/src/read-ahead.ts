/** Reads pieces of an object that lie near each other together, before they are asked for one by one. */
import type { Memory } from '@flamelake/model';
import type { BlockSource } from './types.ts';

export interface ByteSpan {
  readonly offset: number;
  readonly lengthBytes: number;
}

export interface ReadAhead {
  /** Reads of it are answered from what was fetched, where that covers them. */
  readonly source: BlockSource;
  /** Fetches spans, ascending, in few reads side by side. Spans beyond `AHEAD_BYTES_MAX` in all are left out. */
  fetch(spans: readonly ByteSpan[], signal?: AbortSignal): Promise<void>;
}

/** Bytes that one object holds fetched at most, 4 MiB. */
export const AHEAD_BYTES_MAX = 4_194_304;

/** Spans this near to each other are one read: what is wanted of each is little, so that much between them would be most of what is read. */
const AHEAD_GAP_BYTES_MAX = 4_096;

/** @param memory - what is fetched is taken from it */
export function createReadAhead(source: BlockSource, memory: Memory): ReadAhead {
  const fetched: { readonly offset: number; readonly bytes: Uint8Array }[] = [];
  let heldBytes = 0;
  return {
    source: {
      ...source,
      read(offset, lengthBytes, signal) {
        for (const run of fetched) {
          const from = offset - run.offset;
          if (from >= 0 && from + lengthBytes <= run.bytes.length)
            return Promise.resolve(run.bytes.subarray(from, from + lengthBytes));
        }
        return source.read(offset, lengthBytes, signal);
      },
    },
    async fetch(spans, signal) {
      const runs: { offset: number; end: number }[] = [];
      for (const { offset, lengthBytes } of spans) {
        const last = runs.at(-1);
        const isNear = last !== undefined && offset - last.end <= AHEAD_GAP_BYTES_MAX;
        const bytes = lengthBytes + (isNear ? offset - last.end : 0);
        if (heldBytes + bytes > AHEAD_BYTES_MAX) break;
        heldBytes += bytes;
        if (isNear) last.end = offset + lengthBytes;
        else runs.push({ offset, end: offset + lengthBytes });
      }
      memory.take(runs.reduce((sum, { offset, end }) => sum + end - offset, 0));
      await Promise.all(
        runs.map(async ({ offset, end }) => {
          fetched.push({ offset, bytes: await source.read(offset, end - offset, signal) });
        }),
      );
    },
  };
}
