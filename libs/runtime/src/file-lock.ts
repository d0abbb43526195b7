/**
 * A lock between processes that the kernel drops when its holder dies, however it dies.
 *
 * Node has no flock. Its built-in SQLite has the same thing: an exclusive transaction holds an fcntl lock
 * (LockFileEx on Windows) on the database file, which stays empty since nothing is ever written. It works across
 * containers that share a volume of one kernel, which neither a pid nor an abstract socket does. See docs/adr/0031.
 */
import type { FileLock } from './file-system.ts';

/** SQLITE_BUSY: another connection holds the lock. */
const SQLITE_BUSY = 5;

/** Takes the lock kept in the file at `path`. @returns undefined when another process, or this one, holds it */
export async function lockFile(path: string): Promise<FileLock | undefined> {
  // Imported at the first lock: most roles hold none.
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // The journal of a transaction that writes nothing would be left beside the file by a crash.
    database.exec('PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
  return {
    release: async () => {
      if (database.isOpen) database.close();
    },
  };
}
