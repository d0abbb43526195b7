/** Fetches pages of an object in few ranged reads, each page once, and decodes them. */
import { ByteReader } from '@flamelake/formats';
import { FlamelakeError, type Memory } from '@flamelake/model';
import { type DecodedPage, decodePage, type Part } from './page.ts';
import { inSection, type PagePlace, type PartPlace } from './section.ts';
import type { BlockSource } from './types.ts';

/** Largest raw size of all pages that one loader decodes, 2 GiB. */
const RAW_BYTES_MAX = 2_147_483_648;
/** Pages this near to each other are fetched in one read: another request costs more than these bytes. */
export const GAP_BYTES_MAX = 16_384;

export interface PageLoader {
  /** Fetches pages that are not here yet. A failed read may be tried again. */
  load(pages: readonly number[], signal?: AbortSignal): Promise<void>;
  /**
   * A part of a fetched page. The loader gives a page up when all its parts were taken, and would fetch it again.
   * @throws {FlamelakeError} `data_loss` when the page is corrupt
   */
  take(place: PartPlace, section: string): Part;
  /** Says that what was made of all taken parts no longer needs them. */
  settle(): void;
}

/** A fetched page: its bytes until a part of it is taken. */
interface Arrived {
  readonly bytes: Uint8Array;
  decoded: DecodedPage | undefined;
  readonly taken: Set<number>;
}

/**
 * @param tail - last bytes of the object: what lies in them is not read again
 * @param memory - pages are taken from it: as they are read until the owner ends it, decoded until the page is given up
 */
export function createPageLoader(
  source: BlockSource,
  tail: Uint8Array,
  places: readonly PagePlace[],
  memory: Memory,
): PageLoader {
  const fetched = new Map<number, Promise<void>>();
  const arrived = new Map<number, Arrived>();
  const tailStart = source.sizeBytes - tail.length;
  let rawBytes = 0;
  /** Raw bytes of pages that were given up; readers of their parts may still be at them. */
  let idleBytes = 0;

  const read = async (offset: number, lengthBytes: number, signal?: AbortSignal): Promise<Uint8Array> => {
    if (offset >= tailStart) return tail.subarray(offset - tailStart, offset - tailStart + lengthBytes);
    const bytes = await source.read(offset, lengthBytes, signal);
    if (bytes.length !== lengthBytes) {
      throw new FlamelakeError('data_loss', 'object ends too early', { object: source.key, offset, lengthBytes });
    }
    return bytes;
  };

  const spanOf = (run: readonly number[]) => {
    const start = places[run[0]].offset;
    const last = places[run.at(-1) as number];
    return { start, lengthBytes: last.offset + last.lengthBytes - start };
  };

  /** Starts one read for pages near each other. */
  const fetch = (run: readonly number[], signal?: AbortSignal): void => {
    const { start, lengthBytes } = spanOf(run);
    const whole = read(start, lengthBytes, signal);
    for (const page of run) {
      const { offset, lengthBytes } = places[page];
      const own = whole.then(
        (bytes) => {
          const from = offset - start;
          arrived.set(page, { bytes: bytes.subarray(from, from + lengthBytes), decoded: undefined, taken: new Set() });
        },
        (error: unknown) => {
          fetched.delete(page);
          throw error;
        },
      );
      fetched.set(page, own);
    }
  };

  return {
    async load(pages, signal) {
      const wanted = [...new Set(pages)].sort((a, b) => a - b);
      const runs: number[][] = [];
      let end = 0;
      for (const page of wanted.filter((one) => !fetched.has(one))) {
        const { offset, lengthBytes } = places[page];
        const run = runs.at(-1);
        if (run === undefined || offset - end > GAP_BYTES_MAX) runs.push([page]);
        else run.push(page);
        end = offset + lengthBytes;
      }
      memory.take(runs.reduce((sum, run) => sum + spanOf(run).lengthBytes, 0));
      for (const run of runs) fetch(run, signal);
      await Promise.all(wanted.map((page) => fetched.get(page) ?? Promise.resolve()));
    },
    take({ page, part, rows }, section) {
      const here = arrived.get(page);
      if (here === undefined) throw new FlamelakeError('internal', 'page was not loaded', { section, page });
      const columns = inSection(source.key, section, () => {
        if (here.decoded === undefined) {
          here.decoded = decodePage(here.bytes, RAW_BYTES_MAX - rawBytes, memory);
          rawBytes += here.decoded.rawBytes;
        }
        const own = here.decoded.parts[part];
        if (own === undefined) throw new FlamelakeError('data_loss', 'page lacks a part', { part });
        return own;
      });
      here.taken.add(part);
      if (here.taken.size === places[page].parts.length) {
        arrived.delete(page);
        fetched.delete(page);
        idleBytes += here.decoded?.rawBytes ?? 0;
      }
      return { rows, columns: columns.map((bytes) => new ByteReader(bytes)) };
    },
    settle() {
      memory.give(idleBytes);
      idleBytes = 0;
    },
  };
}
