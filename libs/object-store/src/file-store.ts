/**
 * An object store in a directory: every object one file, written beside, synced, then linked to its name.
 *
 * `objects/` holds the objects (names: object-key.ts), `tmp/` what is being written. Several processes may use one
 * directory; a crash leaves temporary files at most, and the next store to open the directory removes them.
 */
import { type Clock, FlamelakeError, type ObjectRange, type ObjectStore, type Random } from '@flamelake/model';
import {
  createSemaphore,
  type FileStat,
  type FileSystem,
  fileErrorCode,
  isDiskFull,
  type Metrics,
  makeFolders,
  randomHex,
} from '@flamelake/runtime';
import { resolveRange } from './byte-range.ts';
import { FileFolders } from './file-folders.ts';
import { listFoldersOf, listObjects } from './file-list.ts';
import { checkFolderPrefix, checkListLimit, LIST_LIMIT_MAX } from './list-limit.ts';
import { checkConditionalSize, keyPath } from './object-key.ts';

export interface FileStoreOptions {
  /** Made when absent. */
  readonly directory: string;
  /** Nothing is made, swept or written: puts and deletes are refused. For looking into a store that a server may be using. */
  readonly readOnly?: boolean;
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
  /** Operations under way at once; 64 by default. */
  readonly concurrency?: number;
  /** Operations that may wait for a place, 10,000 by default; beyond it `resource_exhausted`. */
  readonly waitingMax?: number;
  readonly metrics?: Metrics;
}

/** Writes tried when other processes remove what a write stands on. */
const ATTEMPTS_MAX = 8;

/** Opens the store of a directory. */
export async function createFileStore(options: FileStoreOptions): Promise<ObjectStore> {
  const { directory, fileSystem, clock, random, readOnly = false, concurrency = 64, waitingMax = 10_000 } = options;
  const root = `${directory}/objects`;
  const temporary = `${directory}/tmp`;
  const places = createSemaphore({ name: 'object store operations', capacity: concurrency, waitingMax });
  options.metrics?.gauge(
    { name: 'object_store_operations', help: 'Operations of the object store under way.' },
    () => places.inUse,
  );
  options.metrics?.gauge(
    { name: 'object_store_operations_waiting', help: 'Operations of the object store waiting for a place.' },
    () => places.waiting,
  );
  const folders = new FileFolders(fileSystem, root);
  const underWay = new Set<Promise<unknown>>();
  let writes = Math.floor(random.fraction() * 1_000);
  let isClosed = false;

  /** Runs an operation in its place, its errors said in our words. */
  const run = async <T>(operation: () => Promise<T>): Promise<T> => {
    if (isClosed) throw new FlamelakeError('failed_precondition', 'object store is closed');
    const done = places.run(operation);
    underWay.add(done);
    try {
      return await done;
    } catch (error) {
      throw storeError(error, directory);
    } finally {
      underWay.delete(done);
    }
  };

  /**
   * Our clock, with a fraction that tells apart the writes of one millisecond: a new file may get the number of one
   * just deleted, and the entity tag must differ.
   */
  const nextModifiedMs = () => {
    writes = (writes + 1) % 1_000;
    return Math.floor(clock.nowMs()) + writes / 1_000;
  };

  const writeTemporary = async (body: Uint8Array): Promise<string> => {
    const path = `${temporary}/${randomHex(random, 16)}`;
    const file = await fileSystem.open(path, 'create');
    try {
      await file.write(body, 0);
      await file.setModifiedMs(nextModifiedMs());
      await file.sync();
    } catch (error) {
      await file.close();
      await fileSystem.unlink(path).catch(() => {});
      throw error;
    }
    await file.close();
    return path;
  };

  const placeIfAbsent = async (folder: string, name: string, body: Uint8Array): Promise<'created' | 'exists'> => {
    const path = `${folder}/${name}`;
    let answer: 'created' | 'exists' = 'exists';
    if ((await fileSystem.stat(path)) === undefined) {
      const source = await writeTemporary(body);
      try {
        await fileSystem.link(source, path);
        answer = 'created';
      } catch (error) {
        if (fileErrorCode(error) !== 'EEXIST') throw error;
      } finally {
        // One that stays is removed when the store is opened again.
        await fileSystem.unlink(source).catch(() => {});
      }
    }
    // Also when it exists: its writer may have come no further than the link.
    await fileSystem.syncFolder(folder);
    return answer;
  };

  const replace = async (folder: string, name: string, body: Uint8Array): Promise<void> => {
    const source = await writeTemporary(body);
    try {
      await fileSystem.rename(source, `${folder}/${name}`);
    } catch (error) {
      await fileSystem.unlink(source).catch(() => {});
      throw error;
    }
    await fileSystem.syncFolder(folder);
  };

  const writeIn = async <T>(names: readonly string[], write: (folder: string) => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await folders.use(names, write);
      } catch (error) {
        // Another process removed the folder while it was empty, or swept the temporary file.
        if (fileErrorCode(error) !== 'ENOENT' || attempt >= ATTEMPTS_MAX) throw error;
      }
    }
  };

  const open = async () => {
    await makeFolders(fileSystem, root);
    await makeFolders(fileSystem, temporary);
    for (const { name } of await fileSystem.readFolder(temporary)) {
      await fileSystem.unlink(`${temporary}/${name}`).catch(ignoreAbsent);
    }
  };
  if (!readOnly) {
    await open().catch((error: unknown) => {
      throw storeError(error, directory);
    });
  }
  const checkWritable = () => {
    if (readOnly)
      throw new FlamelakeError('failed_precondition', 'object store is open for reading only', { directory });
  };

  return {
    async putIfAbsent(key, body) {
      checkWritable();
      const path = keyPath(key);
      checkConditionalSize(body);
      return run(() => writeIn(path.folders, (folder) => placeIfAbsent(folder, path.file, body)));
    },
    async put(key, body) {
      checkWritable();
      const path = keyPath(key);
      await run(() => writeIn(path.folders, (folder) => replace(folder, path.file, body)));
    },
    async get(key, range, signal) {
      const { folders: names, file: name } = keyPath(key);
      resolveRange(range, 0);
      return run(async (): Promise<ObjectRange | undefined> => {
        if (signal?.aborted) throw new FlamelakeError('canceled', 'read was canceled', { key });
        const file = await openIfPresent(fileSystem, `${folders.path(names)}/${name}`);
        if (file === undefined) return undefined;
        try {
          const stat = await file.stat();
          const { from, until } = resolveRange(range, stat.sizeBytes);
          const bytes = new Uint8Array(until - from);
          const count = bytes.length === 0 ? 0 : await file.read(bytes, from);
          if (count < bytes.length) throw new FlamelakeError('data_loss', 'object is cut short on disk', { key });
          return {
            bytes,
            sizeBytes: stat.sizeBytes,
            modifiedMs: Math.floor(stat.modifiedMs),
            etag: entityTag(stat),
          };
        } finally {
          await file.close();
        }
      });
    },
    async list(prefix, { startAfter, limit = LIST_LIMIT_MAX } = {}) {
      checkListLimit(limit);
      return run(() => listObjects(fileSystem, root, { prefix, startAfter, limit }));
    },
    async listFolders(prefix) {
      checkFolderPrefix(prefix);
      return run(() => listFoldersOf(fileSystem, root, prefix));
    },
    async delete(keys) {
      checkWritable();
      const paths = keys.map(keyPath);
      await run(async () => {
        const emptied = new Map<string, readonly string[]>();
        for (const path of paths) {
          const folder = folders.path(path.folders);
          await fileSystem.unlink(`${folder}/${path.file}`).catch(ignoreAbsent);
          emptied.set(folder, path.folders);
        }
        for (const [folder, names] of emptied) {
          await fileSystem.syncFolder(folder).catch(ignoreAbsent);
          await folders.prune(names);
        }
      });
    },
    async nowMs() {
      return clock.nowMs();
    },
    async close() {
      isClosed = true;
      await Promise.allSettled(underWay);
    },
  };
}

async function openIfPresent(fileSystem: FileSystem, path: string) {
  try {
    return await fileSystem.open(path, 'read');
  } catch (error) {
    ignoreAbsent(error);
    return undefined;
  }
}

function ignoreAbsent(error: unknown): void {
  const code = fileErrorCode(error);
  if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
}

/** Another file has another number, time or size. */
function entityTag(stat: FileStat): string {
  return `${stat.inode.toString(36)}-${Math.round(stat.modifiedMs * 1_000).toString(36)}-${stat.sizeBytes.toString(36)}`;
}

function storeError(error: unknown, directory: string): unknown {
  if (error instanceof FlamelakeError) return error;
  if (isDiskFull(error)) {
    return new FlamelakeError('resource_exhausted', 'disk is full', { directory }, { cause: error });
  }
  const code = fileErrorCode(error) ?? 'unknown';
  return new FlamelakeError('unavailable', 'object store failed on disk', { directory, code }, { cause: error });
}
