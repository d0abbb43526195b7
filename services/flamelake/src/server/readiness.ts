/** Whether the server can do its work: its disk has room, its store takes, gives back and deletes an object, its roles are well. */
import { statfs } from 'node:fs/promises';
import { type Clock, describeError, FlamelakeError, type ObjectStore, type Random } from '@flamelake/model';
import { probeReadWrite } from '@flamelake/object-store';

export interface ReadinessOptions {
  /** Where this process keeps things on disk, if it does. */
  readonly directory: string | undefined;
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
  /** What the roles say is wrong, if anything. */
  readonly trouble: () => Promise<string | undefined>;
}

/** How long one probe's outcome stands, so that checks cannot become load. */
const PROBE_REUSE_MS = 1000;
/** Below it a push may find no room: a large record and the segment made of it. */
const FREE_BYTES_MIN = 8_388_608;

/** @returns a function that tells why the server is not ready, or undefined when it is */
export function createReadiness({
  directory,
  store,
  clock,
  random,
  trouble,
}: ReadinessOptions): () => Promise<string | undefined> {
  let probe: { readonly atMs: number; readonly outcome: Promise<string | undefined> } | undefined;
  const probeStore = async (): Promise<string | undefined> => {
    try {
      const full = directory === undefined ? undefined : await fullDisk(directory);
      if (full !== undefined) return full;
      await probeReadWrite(store, random);
      return undefined;
    } catch (error) {
      return `the object store fails its probe: ${error instanceof FlamelakeError ? describeError(error) : String(error)}`;
    }
  };
  return async () => {
    const nowMs = clock.monotonicMs();
    if (probe === undefined || nowMs - probe.atMs > PROBE_REUSE_MS) probe = { atMs: nowMs, outcome: probeStore() };
    return (await probe.outcome) ?? (await trouble());
  };
}

/** Says so when a disk has too little room. */
async function fullDisk(directory: string): Promise<string | undefined> {
  const { bavail, bsize } = await statfs(directory);
  const freeBytes = bavail * bsize;
  if (freeBytes >= FREE_BYTES_MIN) return undefined;
  return `the disk of ${directory} is full: ${freeBytes} bytes are free, ${FREE_BYTES_MIN} are needed`;
}
