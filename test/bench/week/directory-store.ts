/**
 * An object store whose bodies are files and whose index is in memory: every operation is over when it returns, so that a fast clock knows
 * when nothing is under way, and what is stored takes no memory. Kept between runs by `save`. One process at a time.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, compareBytes, type ObjectInfo, type ObjectStore } from '@flamelake/model';

export interface DirectoryStore extends ObjectStore {
  /** Writes the index, so that the directory can be opened again. */
  save(): void;
}

interface Stored extends ObjectInfo {
  readonly file: string;
}

const INDEX = 'index.json';

/** Makes an empty store of a directory, removing what it holds. */
export function createDirectoryStore(directory: string, clock: Pick<Clock, 'nowMs'>): DirectoryStore {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  return storeOf(directory, clock, []);
}

/** Opens what was saved. */
export function openDirectoryStore(directory: string, clock: Pick<Clock, 'nowMs'>): DirectoryStore {
  return storeOf(directory, clock, JSON.parse(readFileSync(join(directory, INDEX), 'utf8')));
}

function storeOf(directory: string, clock: Pick<Clock, 'nowMs'>, saved: readonly Stored[]): DirectoryStore {
  const objects = new Map(saved.map((object) => [object.key, object]));
  /** In byte order. */
  const keys = [...objects.keys()].sort(compareBytes);
  let files = objects.size;

  const write = (key: string, body: Uint8Array) => {
    const file = `${files++}`.padStart(7, '0');
    writeFileSync(join(directory, file), body);
    if (!objects.has(key)) keys.splice(placeOf(keys, key), 0, key);
    objects.set(key, { key, file, sizeBytes: body.length, modifiedMs: clock.nowMs() });
  };

  return {
    async putIfAbsent(key, body) {
      if (objects.has(key)) return 'exists';
      write(key, body);
      return 'created';
    },
    async put(key, body) {
      write(key, body);
    },
    async get(key, range) {
      const object = objects.get(key);
      if (object === undefined) return undefined;
      const { file, sizeBytes, modifiedMs } = object;
      const body = readFileSync(join(directory, file));
      const from =
        range === undefined ? 0 : 'lastBytes' in range ? Math.max(0, sizeBytes - range.lastBytes) : range.offset;
      const until = range !== undefined && 'length' in range ? from + range.length : sizeBytes;
      return { bytes: new Uint8Array(body.subarray(from, until)), sizeBytes, modifiedMs, etag: file };
    },
    async list(prefix, { startAfter, limit = 1_000 } = {}) {
      const found: ObjectInfo[] = [];
      for (let at = placeOf(keys, prefix); at < keys.length && found.length < limit; at++) {
        const key = keys[at];
        if (!key.startsWith(prefix)) break;
        const object = objects.get(key);
        const isAfter = startAfter === undefined || compareBytes(key, startAfter) > 0;
        if (object !== undefined && isAfter)
          found.push({ key, sizeBytes: object.sizeBytes, modifiedMs: object.modifiedMs });
      }
      return found;
    },
    async listFolders(prefix) {
      const folders = new Set<string>();
      for (let at = placeOf(keys, prefix); at < keys.length && keys[at].startsWith(prefix); at++) {
        const end = keys[at].indexOf('/', prefix.length);
        if (end >= 0) folders.add(keys[at].slice(prefix.length, end));
      }
      return [...folders];
    },
    async delete(gone) {
      for (const key of gone) {
        const object = objects.get(key);
        if (object === undefined) continue;
        rmSync(join(directory, object.file));
        objects.delete(key);
        keys.splice(placeOf(keys, key), 1);
      }
    },
    nowMs: async () => clock.nowMs(),
    close: async () => undefined,
    save: () => writeFileSync(join(directory, INDEX), JSON.stringify([...objects.values()])),
  };
}

/** Of the first key at or after `key`. */
function placeOf(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareBytes(keys[middle], key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
