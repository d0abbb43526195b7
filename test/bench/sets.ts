/** The profiles that benchmarks run on: sets.json, as far as the corpus at hand has them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflate } from '@flamelake/formats';
import list from './sets.json' with { type: 'json' };

export type SetName = keyof typeof list;

export interface SetFile {
  /** In the corpus. */
  readonly path: string;
  /** Uncompressed pprof. */
  readonly pprof: Uint8Array;
}

const CORPUS = process.env.FLAMELAKE_CORPUS ?? join(import.meta.dirname, '../corpus');
const BYTES_MAX = 33_554_432;

export const SET_NAMES = Object.keys(list) as SetName[];

/** Files of a set that are here, in the order of the list. */
export function readSet(name: SetName): SetFile[] {
  return list[name]
    .filter((path) => existsSync(join(CORPUS, path)))
    .map((path) => ({ path, pprof: inflate(readFileSync(join(CORPUS, path)), { bytesMax: BYTES_MAX }) }));
}

/** How many files of the sets are not here. */
export function absentFiles(): number {
  return SET_NAMES.flatMap((name) => list[name]).filter((path) => !existsSync(join(CORPUS, path))).length;
}
