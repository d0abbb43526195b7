/** Fetches sections of an object in as few ranged reads as possible, each section once. */
import { FlamelakeError } from '@flamelake/model';
import { placeOf, type SectionPlace, type StoredSection } from './section.ts';
import type { BlockSource } from './types.ts';

export interface SectionLoader {
  /** Fetches sections that are not here yet; neighbours in one read. A failed read may be tried again. */
  load(sections: readonly StoredSection[], signal?: AbortSignal): Promise<void>;
  /** Bytes of a fetched section, given up by the loader, which would fetch them again; none when the section is absent. */
  take(section: StoredSection): Uint8Array;
}

/** @param tail - last bytes of the object: what lies in them is not read again */
export function createSectionLoader(
  source: BlockSource,
  tail: Uint8Array,
  places: readonly SectionPlace[],
): SectionLoader {
  const fetched = new Map<number, Promise<Uint8Array>>();
  const arrived = new Map<number, Uint8Array>();
  const tailStart = source.sizeBytes - tail.length;

  const read = async (offset: number, lengthBytes: number, signal?: AbortSignal): Promise<Uint8Array> => {
    if (offset >= tailStart) return tail.subarray(offset - tailStart, offset - tailStart + lengthBytes);
    const bytes = await source.read(offset, lengthBytes, signal);
    if (bytes.length !== lengthBytes) {
      throw new FlamelakeError('data_loss', 'object ends too early', { object: source.key, offset, lengthBytes });
    }
    return bytes;
  };

  /** Starts one read for neighbouring sections. */
  const fetch = (run: readonly SectionPlace[], signal?: AbortSignal): void => {
    const first = run[0];
    const last = run.at(-1) as SectionPlace;
    const whole = read(first.offset, last.offset + last.lengthBytes - first.offset, signal);
    for (const place of run) {
      const start = place.offset - first.offset;
      fetched.set(
        place.kind,
        whole.then(
          (bytes) => {
            const own = bytes.subarray(start, start + place.lengthBytes);
            arrived.set(place.kind, own);
            return own;
          },
          (error: unknown) => {
            fetched.delete(place.kind);
            throw error;
          },
        ),
      );
    }
  };

  return {
    async load(sections, signal) {
      const wanted = [...new Set(sections)].flatMap((section) => placeOf(places, section) ?? []);
      const missing = wanted.filter((place) => !fetched.has(place.kind)).sort((a, b) => a.offset - b.offset);
      let run: SectionPlace[] = [];
      for (const place of missing) {
        const previous = run.at(-1);
        if (previous !== undefined && previous.offset + previous.lengthBytes !== place.offset) {
          fetch(run, signal);
          run = [];
        }
        run.push(place);
      }
      if (run.length > 0) fetch(run, signal);
      await Promise.all(wanted.map((place) => fetched.get(place.kind) ?? Promise.resolve(undefined)));
    },
    take(section) {
      const place = placeOf(places, section);
      if (place === undefined) return new Uint8Array(0);
      const bytes = arrived.get(place.kind);
      if (bytes === undefined) throw new FlamelakeError('internal', 'section was not loaded', { section });
      arrived.delete(place.kind);
      fetched.delete(place.kind);
      return bytes;
    },
  };
}
