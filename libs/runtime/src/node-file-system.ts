/** The file system of the machine. */
import { type FileHandle, link, mkdir, open, readdir, rename, rmdir, stat, unlink } from 'node:fs/promises';
import { lockFile } from './file-lock.ts';
import {
  type FileStat,
  type FileSystem,
  type FolderEntry,
  fileErrorCode,
  type OpenFile,
  type OpenMode,
} from './file-system.ts';

const FLAGS: Readonly<Record<OpenMode, string>> = { read: 'r', write: 'r+', create: 'wx+' };

export const nodeFileSystem: FileSystem = {
  async open(path, mode) {
    return openFile(await open(path, FLAGS[mode]));
  },
  async stat(path) {
    try {
      return fileStat(await stat(path));
    } catch (error) {
      const code = fileErrorCode(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      throw error;
    }
  },
  async readFolder(path) {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.map((entry): FolderEntry => ({ name: entry.name, kind: kindOf(entry) }));
  },
  async makeFolder(path) {
    await mkdir(path);
  },
  removeFolder: rmdir,
  async syncFolder(path) {
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
  link,
  rename,
  unlink,
  lock: lockFile,
};

function openFile(handle: FileHandle): OpenFile {
  return {
    async read(target, position) {
      let done = 0;
      while (done < target.length) {
        const { bytesRead } = await handle.read(target, done, target.length - done, position + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return done;
    },
    async write(bytes, position) {
      let done = 0;
      while (done < bytes.length) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
        done += bytesWritten;
      }
    },
    truncate: (sizeBytes) => handle.truncate(sizeBytes),
    dataSync: () => handle.datasync(),
    sync: () => handle.sync(),
    setModifiedMs: (modifiedMs) => handle.utimes(modifiedMs / 1000, modifiedMs / 1000),
    stat: async () => fileStat(await handle.stat()),
    close: () => handle.close(),
  };
}

interface Kinded {
  isFile(): boolean;
  isDirectory(): boolean;
}

function kindOf(entry: Kinded): FileStat['kind'] {
  if (entry.isFile()) return 'file';
  return entry.isDirectory() ? 'folder' : 'other';
}

function fileStat(stats: Kinded & { size: number; mtimeMs: number; ino: number; nlink: number }): FileStat {
  const { size: sizeBytes, mtimeMs: modifiedMs, ino: inode, nlink: linkCount } = stats;
  return { kind: kindOf(stats), sizeBytes, modifiedMs, inode, linkCount };
}
