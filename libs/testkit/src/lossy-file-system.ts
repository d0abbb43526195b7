/**
 * A file system in memory that forgets at a crash whatever it was not told to keep: bytes without fsync of their file, names without
 * fsync of their folder. Of what was not synced any part may survive, chosen by seed. A rename within a folder is atomic.
 */
import {
  type FileLock,
  type FileStat,
  type FileSystem,
  fileError,
  type OpenFile,
  type OpenMode,
} from '@flamelake/runtime';
import { createLossyFile, type LossyFile } from './lossy-file.ts';
import { createSeededRandom } from './seeded-random.ts';
import type { SimulatedProcess } from './simulation-types.ts';

export interface LossyFileSystem {
  /**
   * The file system as a process sees it until the next `kill` or `crash`; after that nothing it asks is answered or has an effect.
   * @param process - takes one step for each operation; without it operations take no time
   */
  mount(process?: SimulatedProcess): FileSystem;
  /** Every process is killed: what was written stays as it is, synced or not; open files and locks end. */
  kill(): void;
  /** The machine loses power: all that was not synced is lost, in whole or in part; open files and locks end. */
  crash(): void;
  /** Room on the disk; writes beyond it fail with `ENOSPC`. */
  capacityBytes: number;
  /** The next sync of a file fails with `EIO`; what it should have kept may be lost for good. */
  failNextSync(): void;
  /** The last operations, for messages. */
  readonly operations: readonly string[];
}

interface FileNode {
  readonly inode: number;
  readonly file: LossyFile;
  modifiedMs: number;
}

interface FolderNode {
  readonly inode: number;
  names: Map<string, Node>;
  durableNames: Map<string, Node>;
  modifiedMs: number;
}

type Node = FileNode | FolderNode;

/** Names taken away and given by one operation; durable once the folder that gets the name, or loses it, is synced. */
interface NameChange {
  readonly folder: FolderNode;
  readonly changes: readonly { readonly folder: FolderNode; readonly name: string; readonly node: Node | undefined }[];
}

const OPERATIONS_KEPT = 200;

/** @param nowMs - wall clock for times of modification; a count by default */
export function createLossyFileSystem(seed: number | string, nowMs?: () => number): LossyFileSystem {
  const random = createSeededRandom(seed);
  let inodes = 0;
  let ticks = 0;
  let generation = 0;
  let syncFails = false;
  let nameChanges: NameChange[] = [];
  const locks = new Set<string>();
  const operations: string[] = [];
  const newFolder = (): FolderNode => ({
    inode: ++inodes,
    names: new Map(),
    durableNames: new Map(),
    modifiedMs: now(),
  });
  const now = () => nowMs?.() ?? ++ticks;
  const root = newFolder();

  const isFolder = (node: Node): node is FolderNode => 'names' in node;

  function find(path: string): Node | undefined {
    let node: Node | undefined = root;
    for (const name of partsOf(path)) node = node !== undefined && isFolder(node) ? node.names.get(name) : undefined;
    return node;
  }

  function parentOf(path: string, operation: string): { folder: FolderNode; name: string } {
    const parts = partsOf(path);
    const name = parts.pop() ?? '';
    const folder = find(parts.join('/'));
    if (folder === undefined || !isFolder(folder) || name === '') throw fileError('ENOENT', operation, path);
    return { folder, name };
  }

  function changeNames(change: NameChange): void {
    for (const { folder, name, node } of change.changes) setName(folder.names, name, node);
    nameChanges.push(change);
  }

  function usedBytes(folder: FolderNode = root): number {
    let bytes = 0;
    for (const node of folder.names.values()) bytes += isFolder(node) ? usedBytes(node) : node.file.sizeBytes;
    return bytes;
  }

  function statOf(node: Node): FileStat {
    const { inode, modifiedMs } = node;
    const linkCount = linksOf(node);
    return isFolder(node)
      ? { kind: 'folder', sizeBytes: 0, modifiedMs, inode, linkCount }
      : { kind: 'file', sizeBytes: node.file.sizeBytes, modifiedMs, inode, linkCount };
  }

  function linksOf(node: Node, folder: FolderNode = root): number {
    let links = 0;
    for (const child of folder.names.values()) {
      if (child === node) links++;
      if (isFolder(child)) links += linksOf(node, child);
    }
    return links;
  }

  function sync(path: string, node: FileNode): void {
    if (!syncFails) return node.file.sync();
    syncFails = false;
    node.file.failSync();
    throw fileError('EIO', 'fsync', path);
  }

  /** @param step - runs an operation at its time and answers for it */
  function fileSystemOf(step: <T>(label: string, run: () => T) => Promise<T>): FileSystem {
    function openFile(path: string, node: FileNode): OpenFile {
      const sizeTo = (sizeBytes: number) => {
        if (usedBytes() + sizeBytes - node.file.sizeBytes > lossy.capacityBytes)
          throw fileError('ENOSPC', 'write', path);
        node.modifiedMs = now();
      };
      return {
        read: (target, position) => step(`read ${path}`, () => node.file.read(target, position)),
        write: (bytes, position) =>
          step(`write ${path}`, () => {
            sizeTo(Math.max(node.file.sizeBytes, position + bytes.length));
            node.file.write(bytes, position);
          }),
        truncate: (sizeBytes) =>
          step(`truncate ${path}`, () => {
            sizeTo(sizeBytes);
            node.file.truncate(sizeBytes);
          }),
        dataSync: () => step(`sync ${path}`, () => sync(path, node)),
        sync: () => step(`sync ${path}`, () => sync(path, node)),
        setModifiedMs: (modifiedMs) =>
          step(`set the time of ${path}`, () => {
            node.modifiedMs = modifiedMs;
          }),
        stat: () => step(`stat ${path}`, () => statOf(node)),
        close: () => step(`close ${path}`, () => undefined),
      };
    }

    function open(path: string, mode: OpenMode): OpenFile {
      const node = find(path);
      if (mode === 'create') {
        if (node !== undefined) throw fileError('EEXIST', 'open', path);
        const { folder, name } = parentOf(path, 'open');
        const made: FileNode = { inode: ++inodes, file: createLossyFile(), modifiedMs: now() };
        changeNames({ folder, changes: [{ folder, name, node: made }] });
        return openFile(path, made);
      }
      if (node === undefined) throw fileError('ENOENT', 'open', path);
      if (isFolder(node)) throw fileError('EISDIR', 'open', path);
      return openFile(path, node);
    }

    function lock(path: string): FileLock | undefined {
      if (locks.has(path)) return undefined;
      if (find(path) === undefined) open(path, 'create');
      locks.add(path);
      const taken = generation;
      return {
        release: () =>
          step(`unlock ${path}`, () => {
            if (taken === generation) locks.delete(path);
          }),
      };
    }

    return {
      open: (path, mode) => step(`open ${path} to ${mode}`, () => open(path, mode)),
      stat: (path) =>
        step(`stat ${path}`, () => {
          const node = find(path);
          return node && statOf(node);
        }),
      readFolder: (path) =>
        step(`read folder ${path}`, () => {
          const node = find(path);
          if (node === undefined) throw fileError('ENOENT', 'read folder', path);
          if (!isFolder(node)) throw fileError('ENOTDIR', 'read folder', path);
          return [...node.names].map(([name, child]) => ({ name, kind: isFolder(child) ? 'folder' : 'file' }));
        }),
      makeFolder: (path) =>
        step(`make folder ${path}`, () => {
          if (find(path) !== undefined) throw fileError('EEXIST', 'make folder', path);
          const { folder, name } = parentOf(path, 'make folder');
          changeNames({ folder, changes: [{ folder, name, node: newFolder() }] });
        }),
      removeFolder: (path) =>
        step(`remove folder ${path}`, () => {
          const node = find(path);
          if (node === undefined) throw fileError('ENOENT', 'remove folder', path);
          if (!isFolder(node)) throw fileError('ENOTDIR', 'remove folder', path);
          if (node.names.size > 0) throw fileError('ENOTEMPTY', 'remove folder', path);
          const { folder, name } = parentOf(path, 'remove folder');
          changeNames({ folder, changes: [{ folder, name, node: undefined }] });
        }),
      syncFolder: (path) =>
        step(`sync folder ${path}`, () => {
          const node = find(path);
          if (node === undefined || !isFolder(node)) throw fileError('ENOENT', 'sync folder', path);
          for (const change of nameChanges) if (change.folder === node) makeDurable(change);
          nameChanges = nameChanges.filter((change) => change.folder !== node);
        }),
      link: (from, to) =>
        step(`link ${from} to ${to}`, () => {
          const node = find(from);
          if (node === undefined) throw fileError('ENOENT', 'link', from);
          const { folder, name } = parentOf(to, 'link');
          if (folder.names.has(name)) throw fileError('EEXIST', 'link', to);
          changeNames({ folder, changes: [{ folder, name, node }] });
        }),
      rename: (from, to) =>
        step(`rename ${from} to ${to}`, () => {
          const node = find(from);
          if (node === undefined) throw fileError('ENOENT', 'rename', from);
          const source = parentOf(from, 'rename');
          const target = parentOf(to, 'rename');
          changeNames({
            folder: target.folder,
            changes: [
              { ...source, node: undefined },
              { ...target, node },
            ],
          });
        }),
      unlink: (path) =>
        step(`unlink ${path}`, () => {
          const node = find(path);
          if (node === undefined) throw fileError('ENOENT', 'unlink', path);
          if (isFolder(node)) throw fileError('EISDIR', 'unlink', path);
          const { folder, name } = parentOf(path, 'unlink');
          changeNames({ folder, changes: [{ folder, name, node: undefined }] });
        }),
      lock: (path) => step(`lock ${path}`, () => lock(path)),
    };
  }

  function forgetUnsynced(folder: FolderNode): void {
    folder.names = new Map(folder.durableNames);
    for (const node of folder.names.values()) {
      if (isFolder(node)) forgetUnsynced(node);
      else node.file.crash(random);
    }
  }

  const lossy: LossyFileSystem = {
    mount(process) {
      const mounted = generation;
      return fileSystemOf(async (label, run) => {
        if (process !== undefined) await process.request({ label, effect: () => undefined });
        if (mounted !== generation) return new Promise(() => undefined);
        operations.push(label);
        if (operations.length > OPERATIONS_KEPT) operations.shift();
        return run();
      });
    },
    kill() {
      generation++;
      locks.clear();
    },
    crash() {
      lossy.kill();
      for (const change of nameChanges) if (random.chance(0.5)) makeDurable(change);
      nameChanges = [];
      forgetUnsynced(root);
    },
    capacityBytes: Number.POSITIVE_INFINITY,
    failNextSync() {
      syncFails = true;
    },
    operations,
  };
  return lossy;
}

function makeDurable(change: NameChange): void {
  for (const { folder, name, node } of change.changes) setName(folder.durableNames, name, node);
}

function setName(names: Map<string, Node>, name: string, node: Node | undefined): void {
  if (node === undefined) names.delete(name);
  else names.set(name, node);
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}
