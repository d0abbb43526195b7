/**
 * Folders of a file store: made when a put needs them, durable before the put is, removed when empty.
 *
 * A put holds its folders against removal by its own process. A removal already under way, or another process, can still
 * take an empty folder away in between: the put then fails with `ENOENT` and is tried again.
 */
import { dirname } from 'node:path';
import { type FileSystem, fileErrorCode } from '@flamelake/runtime';

/** Folders remembered as durable; beyond it all are forgotten, which costs a sync each. */
const DURABLE_MAX = 65_536;

export class FileFolders {
  readonly #fileSystem: FileSystem;
  readonly #root: string;
  /** Folders whose names are known to be durable. */
  readonly #durable = new Set<string>();
  readonly #making = new Map<string, Promise<void>>();
  /** Tasks that hold a folder, by path. */
  readonly #holders = new Map<string, number>();

  /** `root` must exist and be durable; it is never removed. */
  constructor(fileSystem: FileSystem, root: string) {
    this.#fileSystem = fileSystem;
    this.#root = root;
  }

  /** Path of the folder with these names below the root. */
  path(names: readonly string[]): string {
    return [this.#root, ...names].join('/');
  }

  /** Runs `task` while the folder and its parents exist, durably. */
  async use<T>(names: readonly string[], task: (path: string) => Promise<T>): Promise<T> {
    const chain = names.map((_, i) => this.path(names.slice(0, i + 1)));
    for (const path of chain) this.#holders.set(path, (this.#holders.get(path) ?? 0) + 1);
    try {
      for (const path of chain) await this.#make(path);
      const answer = await task(this.path(names));
      // A rival that found one of them gone may have made it anew meanwhile: this task's result needs that name too.
      for (const path of chain) await this.#make(path);
      return answer;
    } catch (error) {
      if (fileErrorCode(error) === 'ENOENT') for (const path of chain) this.#durable.delete(path);
      throw error;
    } finally {
      for (const path of chain) {
        const holders = (this.#holders.get(path) ?? 1) - 1;
        if (holders === 0) this.#holders.delete(path);
        else this.#holders.set(path, holders);
      }
    }
  }

  /** Removes the folder, then its parents, as far as they are empty and nobody holds them. */
  async prune(names: readonly string[]): Promise<void> {
    for (let depth = names.length; depth > 0; depth--) {
      if (!(await this.#remove(this.path(names.slice(0, depth))))) return;
    }
  }

  #make(path: string): Promise<void> {
    if (this.#durable.has(path)) return Promise.resolve();
    let making = this.#making.get(path);
    if (making === undefined) {
      making = this.#makeDurable(path).finally(() => this.#making.delete(path));
      this.#making.set(path, making);
    }
    return making;
  }

  async #makeDurable(path: string): Promise<void> {
    try {
      await this.#fileSystem.makeFolder(path);
    } catch (error) {
      if (fileErrorCode(error) !== 'EEXIST') throw error;
    }
    // One that was there already may be new and not durable: its maker can have ended before the sync.
    await this.#fileSystem.syncFolder(dirname(path));
    if (this.#durable.size >= DURABLE_MAX) this.#durable.clear();
    this.#durable.add(path);
  }

  async #remove(path: string): Promise<boolean> {
    if (this.#holders.has(path)) return false;
    try {
      await this.#fileSystem.removeFolder(path);
    } catch (error) {
      const code = fileErrorCode(error);
      // Not empty: two codes, by the file system.
      if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
      if (code !== 'ENOENT') throw error;
    }
    this.#durable.delete(path);
    return true;
  }
}
