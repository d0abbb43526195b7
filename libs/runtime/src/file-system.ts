/**
 * The few file operations that drivers need, as a port: production has `nodeFileSystem`, simulations have one that
 * forgets every unsynced byte and name at a crash.
 *
 * Paths are absolute or relative to the working directory. Failures are Node's own errors with a `code`
 * (`ENOENT`, `EEXIST`, `ENOTEMPTY`, `ENOSPC`, …): see `fileErrorCode` and `fileError`.
 * What a crash keeps: bytes after `dataSync` or `sync` of their file, names after `syncFolder` of their folder.
 */

/** What a file system knows of a path. */
export interface FileStat {
  readonly kind: 'file' | 'folder' | 'other';
  readonly sizeBytes: number;
  /** Ms since 1970, with a fraction as fine as the file system keeps it. */
  readonly modifiedMs: number;
  /** Number of the file behind the name; another file may get it once this one is gone. */
  readonly inode: number;
  /** Names the file has; 0 once the last one is removed, though it may still be open. */
  readonly linkCount: number;
}

/** One name of a folder. */
export interface FolderEntry {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'other';
}

/** An open file. */
export interface OpenFile {
  /** Fills `target` from `position` on. @returns bytes read; fewer than asked for only at the end of the file */
  read(target: Uint8Array, position: number): Promise<number>;
  /** Writes all of `bytes` at `position`. After an error any part of them may be written. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Cuts or extends (with zeros) the file. */
  truncate(sizeBytes: number): Promise<void>;
  /** Resolves when the bytes and the size are durable (fdatasync). */
  dataSync(): Promise<void>;
  /** Resolves when bytes, size and times are durable (fsync). */
  sync(): Promise<void>;
  /** Sets the time of modification, ms since 1970; fractions are kept down to the microsecond. */
  setModifiedMs(modifiedMs: number): Promise<void>;
  stat(): Promise<FileStat>;
  close(): Promise<void>;
}

/** A lock that ends with its process at the latest. */
export interface FileLock {
  release(): Promise<void>;
}

/** How to open: an existing file to read, an existing file to read and write, or a new file (`EEXIST` if it is there). */
export type OpenMode = 'read' | 'write' | 'create';

export interface FileSystem {
  open(path: string, mode: OpenMode): Promise<OpenFile>;
  /** @returns undefined when there is nothing at the path */
  stat(path: string): Promise<FileStat | undefined>;
  /** Names in a folder, in no order. `ENOENT` when it is absent. */
  readFolder(path: string): Promise<readonly FolderEntry[]>;
  /** Makes one folder; its parent must exist. `EEXIST` when there is one. */
  makeFolder(path: string): Promise<void>;
  /** Removes an empty folder. `ENOTEMPTY`, `ENOENT`. */
  removeFolder(path: string): Promise<void>;
  /** Resolves when the names in a folder are durable as they are. */
  syncFolder(path: string): Promise<void>;
  /** Gives a file a second name, atomically. `EEXIST` when the name is taken, `ENOENT` when `from` or the folder of `to` is absent. */
  link(from: string, to: string): Promise<void>;
  /** Moves a name, atomically replacing the file that has it. */
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Takes the lock kept in the file at `path`, made when absent. @returns undefined when another holds it */
  lock(path: string): Promise<FileLock | undefined>;
}

/** The code of a file error, or undefined for any other error. */
export function fileErrorCode(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return undefined;
}

/** An error as a file system throws it. */
export function fileError(code: string, operation: string, path: string): Error & { readonly code: string } {
  return Object.assign(new Error(`${code}: ${operation} '${path}'`), { code });
}

/** Whether an error says that the disk, or the quota on it, has no room. */
export function isDiskFull(error: unknown): boolean {
  const code = fileErrorCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}
