/** Whether the server can do its work: its disk has room, its store takes, gives back and deletes an object, its roles are well. */
import { statfs } from 'node:fs/promises';
import { type Clock, describeError, FlamelakeError, type ObjectStore, type Random } from '@flamelake/model';
import { probeReadWrite } from '@flamelake/object-store';

export interface ReadinessOptions {
  /** Where this process keeps things on disk, if it does. */
  readonly directory: string | undefined;
  /** Undefined when its work does not need it. */
  readonly store: ObjectStore | undefined;
  readonly clock: Clock;
  readonly random: Random;
  /** What the roles say is wrong, if anything. */
  readonly trouble: () => Promise<string | undefined>;
  /** Whether the process is about to end: others are to take its work. */
  readonly isDraining: () => boolean;
}

/** How long one probe's outcome stands, so that checks cannot become load. */
const PROBE_REUSE_MS = 1000;
/** Longest time a check may take; common probes wait no longer. */
const CHECK_TIMEOUT_MS = 3_000;
const LATE = `the object store, or what the role works with, gave no answer in ${CHECK_TIMEOUT_MS} ms`;
/** Below it a push may find no room: a large record and the segment made of it. */
const FREE_BYTES_MIN = 8_388_608;

/** @returns a function that tells why the server is not ready, or undefined when it is */
export function createReadiness({
  directory,
  store,
  clock,
  random,
  trouble,
  isDraining,
}: ReadinessOptions): () => Promise<string | undefined> {
  let last: { readonly atMs: number; isDone: boolean; readonly outcome: Promise<string | undefined> } | undefined;
  const probeStore = async (): Promise<string | undefined> => {
    try {
      const full = directory === undefined ? undefined : await fullDisk(directory);
      if (full !== undefined) return full;
      if (store !== undefined) await probeReadWrite(store, random);
      return undefined;
    } catch (error) {
      return `the object store fails its probe: ${error instanceof FlamelakeError ? describeError(error) : String(error)}`;
    }
  };
  const check = async (): Promise<string | undefined> => (await probeStore()) ?? (await trouble());
  return async () => {
    if (isDraining()) return 'shutting down';
    if (last === undefined || (last.isDone && clock.monotonicMs() - last.atMs > PROBE_REUSE_MS)) {
      const made = { atMs: clock.monotonicMs(), isDone: false, outcome: check() };
      // One that stands still is not begun again beside itself.
      void made.outcome.finally(() => Object.assign(made, { isDone: true }));
      last = made;
    }
    const answered = new AbortController();
    const late = clock.sleep(CHECK_TIMEOUT_MS, answered.signal).then(() => LATE);
    return Promise.race([last.outcome, late]).finally(() => answered.abort());
  };
}

/** Says so when a disk has too little room. */
async function fullDisk(directory: string): Promise<string | undefined> {
  const { bavail, bsize } = await statfs(directory);
  const freeBytes = bavail * bsize;
  if (freeBytes >= FREE_BYTES_MIN) return undefined;
  return `the disk of ${directory} is full: ${freeBytes} bytes are free, ${FREE_BYTES_MIN} are needed`;
}
