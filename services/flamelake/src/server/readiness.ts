/** Whether the server can do its work: its store takes, gives back and deletes an object, and its roles are well. */
import { type Clock, describeError, FlamelakeError, type ObjectStore, type Random } from '@flamelake/model';
import { probeReadWrite } from '@flamelake/object-store';

export interface ReadinessOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
  /** What the roles say is wrong, if anything. */
  readonly trouble: () => Promise<string | undefined>;
}

/** How long one probe's outcome stands, so that checks cannot become load. */
const PROBE_REUSE_MS = 1000;

/** @returns a function that tells why the server is not ready, or undefined when it is */
export function createReadiness({
  store,
  clock,
  random,
  trouble,
}: ReadinessOptions): () => Promise<string | undefined> {
  let probe: { readonly atMs: number; readonly outcome: Promise<string | undefined> } | undefined;
  const probeStore = async (): Promise<string | undefined> => {
    try {
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
