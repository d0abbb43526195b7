/** For tests: a file system that tells of each operation before and after it, and fails where the test says so. */
import type { FileSystem, OpenFile } from './file-system.ts';

interface FileOperation {
  /** Name of the method; those of open files are `file.write`, `file.dataSync`, …. */
  readonly name: string;
  readonly path: string;
}

export interface FileHooks {
  /** May throw, in place of the operation. */
  readonly before?: (operation: FileOperation) => void | Promise<void>;
  /** Called when the operation has succeeded. */
  readonly after?: (operation: FileOperation) => void;
  /** How many bytes of a write reach the file before `afterPart` throws; undefined for all of them. */
  readonly writable?: (path: string, position: number, bytes: Uint8Array) => number | undefined;
  /** Thrown by a write that was cut by `writable`. */
  readonly partError?: (path: string) => Error;
}

export function hookFileSystem(inner: FileSystem, hooks: FileHooks): FileSystem {
  const around = async <T>(name: string, path: string, run: () => Promise<T>): Promise<T> => {
    await hooks.before?.({ name, path });
    const answer = await run();
    hooks.after?.({ name, path });
    return answer;
  };
  const hookFile = (file: OpenFile, path: string): OpenFile => ({
    read: (target, position) => around('file.read', path, () => file.read(target, position)),
    write: (bytes, position) =>
      around('file.write', path, async () => {
        const count = hooks.writable?.(path, position, bytes);
        if (count === undefined) return file.write(bytes, position);
        await file.write(bytes.subarray(0, count), position);
        throw hooks.partError?.(path) ?? new Error('write was cut');
      }),
    truncate: (sizeBytes) => around('file.truncate', path, () => file.truncate(sizeBytes)),
    dataSync: () => around('file.dataSync', path, () => file.dataSync()),
    sync: () => around('file.sync', path, () => file.sync()),
    setModifiedMs: (ms) => around('file.setModifiedMs', path, () => file.setModifiedMs(ms)),
    stat: () => around('file.stat', path, () => file.stat()),
    close: () => around('file.close', path, () => file.close()),
  });
  return {
    open: async (path, mode) => hookFile(await around('open', path, () => inner.open(path, mode)), path),
    stat: (path) => around('stat', path, () => inner.stat(path)),
    readFolder: (path) => around('readFolder', path, () => inner.readFolder(path)),
    makeFolder: (path) => around('makeFolder', path, () => inner.makeFolder(path)),
    removeFolder: (path) => around('removeFolder', path, () => inner.removeFolder(path)),
    syncFolder: (path) => around('syncFolder', path, () => inner.syncFolder(path)),
    link: (from, to) => around('link', to, () => inner.link(from, to)),
    rename: (from, to) => around('rename', to, () => inner.rename(from, to)),
    unlink: (path) => around('unlink', path, () => inner.unlink(path)),
    lock: (path) => around('lock', path, () => inner.lock(path)),
  };
}
