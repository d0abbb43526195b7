/** Listing a file store: down the folders the prefix names, in the byte order of keys, no further than asked for. */
import { compareBytes, type ObjectInfo } from '@flamelake/model';
import { type FileSystem, fileErrorCode } from '@flamelake/runtime';
import { compareStored, folderName, isKeyElement, type StoredName, storedName } from './object-key.ts';

/** Files looked at side by side. */
const STATS_AT_ONCE = 32;

interface ListRequest {
  readonly prefix: string;
  readonly startAfter: string | undefined;
  readonly limit: number;
}

interface FoundObject {
  readonly key: string;
  readonly path: string;
}

/** First objects, in byte order of keys, that begin with the prefix and sort after `startAfter`. */
export async function listObjects(fileSystem: FileSystem, root: string, request: ListRequest): Promise<ObjectInfo[]> {
  const elements = request.prefix.split('/').slice(0, -1);
  // No key has such an element, so nothing begins with it.
  if (!elements.every(isKeyElement)) return [];
  const folder = [root, ...elements.map(folderName)].join('/');
  const base = elements.map((element) => `${element}/`).join('');
  const objects: ObjectInfo[] = [];
  let batch: FoundObject[] = [];
  for await (const found of walk(fileSystem, folder, base, request)) {
    batch.push(found);
    if (batch.length < Math.min(STATS_AT_ONCE, request.limit - objects.length)) continue;
    objects.push(...(await inspect(fileSystem, batch)));
    batch = [];
    if (objects.length === request.limit) return objects;
  }
  objects.push(...(await inspect(fileSystem, batch)));
  return objects;
}

/** Sizes and times of objects; those deleted meanwhile are left out. */
async function inspect(fileSystem: FileSystem, found: readonly FoundObject[]): Promise<ObjectInfo[]> {
  const stats = await Promise.all(found.map(({ path }) => fileSystem.stat(path)));
  const objects: ObjectInfo[] = [];
  for (const [i, { key }] of found.entries()) {
    const stat = stats[i];
    if (stat === undefined) continue;
    objects.push({ key, sizeBytes: stat.sizeBytes, modifiedMs: Math.floor(stat.modifiedMs) });
  }
  return objects;
}

/** Objects below a folder whose keys begin with `base`; a key has at most 512 elements, so the recursion ends. */
async function* walk(
  fileSystem: FileSystem,
  folder: string,
  base: string,
  request: ListRequest,
): AsyncGenerator<FoundObject> {
  const { prefix, startAfter } = request;
  for (const { element, name } of await storedNames(fileSystem, folder)) {
    const key = base + element;
    const path = `${folder}/${name}`;
    if (element.endsWith('/')) {
      if (!key.startsWith(prefix)) continue;
      // All keys of the folder sort where the folder does, unless `startAfter` is among them.
      const isPassed = startAfter !== undefined && compareBytes(key, startAfter) < 0 && !startAfter.startsWith(key);
      if (!isPassed) yield* walk(fileSystem, path, key, request);
    } else if (key.startsWith(prefix) && (startAfter === undefined || compareBytes(key, startAfter) > 0)) {
      yield { key, path };
    }
  }
}

/** Elements of the folders below `prefix` that hold an object somewhere below. */
export async function listFoldersOf(fileSystem: FileSystem, root: string, prefix: string): Promise<string[]> {
  const elements = prefix.split('/').slice(0, -1);
  if (!elements.every(isKeyElement)) return [];
  const folder = [root, ...elements.map(folderName)].join('/');
  const found: string[] = [];
  for (const { element, name } of await storedNames(fileSystem, folder)) {
    if (element.endsWith('/') && (await holdsObject(fileSystem, `${folder}/${name}`))) {
      found.push(element.slice(0, -1));
    }
  }
  return found;
}

async function holdsObject(fileSystem: FileSystem, folder: string): Promise<boolean> {
  const names = await storedNames(fileSystem, folder);
  if (names.some(({ element }) => !element.endsWith('/'))) return true;
  for (const { name } of names) if (await holdsObject(fileSystem, `${folder}/${name}`)) return true;
  return false;
}

/** What the store keeps in a folder, sorted as the keys below sort. Nothing when the folder is absent. */
async function storedNames(fileSystem: FileSystem, folder: string): Promise<StoredName[]> {
  try {
    const names: StoredName[] = [];
    for (const { name, kind } of await fileSystem.readFolder(folder)) {
      const stored = storedName(name, kind);
      if (stored !== undefined) names.push(stored);
    }
    return names.sort(compareStored);
  } catch (error) {
    const code = fileErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
