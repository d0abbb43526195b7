/**
 * Contents of one simulated file: what is read, what would survive a crash, and the writes between the two.
 */
import type { SeededRandom } from './seeded-random.ts';

type Change = { readonly position: number; readonly bytes: Uint8Array } | { readonly sizeBytes: number };

/** One inode's bytes. */
export interface LossyFile {
  readonly sizeBytes: number;
  /** @returns bytes copied into the target */
  read(target: Uint8Array, position: number): number;
  write(bytes: Uint8Array, position: number): void;
  truncate(sizeBytes: number): void;
  /** Makes everything written so far durable. */
  sync(): void;
  /** What a failed fsync does: what was written since the last sync may be lost, whatever later syncs say. */
  failSync(): void;
  /** Keeps what is durable, and of each later change all, nothing, a part, or its length with zeros for bytes. */
  crash(random: SeededRandom): void;
}

export function createLossyFile(): LossyFile {
  let durable: Uint8Array = new Uint8Array(0);
  let live: Uint8Array = new Uint8Array(0);
  let changes: Change[] = [];
  /** From the first failed sync on: changes in order, those it has marked as written although they may not be, and later ones that are. */
  let history: { readonly change: Change; readonly isDoomed: boolean }[] = [];

  return {
    get sizeBytes() {
      return live.length;
    },
    read(target, position) {
      const part = live.subarray(position, position + target.length);
      target.set(part);
      return part.length;
    },
    write(bytes, position) {
      const change = { position, bytes: bytes.slice() };
      changes.push(change);
      live = applied(live, change);
    },
    truncate(sizeBytes) {
      changes.push({ sizeBytes });
      live = applied(live, { sizeBytes });
    },
    sync() {
      if (history.length > 0) history.push(...changes.map((change) => ({ change, isDoomed: false })));
      else for (const change of changes) durable = applied(durable, change);
      changes = [];
    },
    failSync() {
      history.push(...changes.map((change) => ({ change, isDoomed: true })));
      changes = [];
    },
    crash(random) {
      // What was written again after a failed sync, and synced, lies over what that sync may have lost.
      for (const { change, isDoomed } of [...history, ...changes.map((change) => ({ change, isDoomed: true }))]) {
        const kept = isDoomed ? remains(change, random, durable) : change;
        if (kept !== undefined) durable = applied(durable, kept);
      }
      changes = [];
      history = [];
      live = durable.slice();
    },
  };
}

function applied(bytes: Uint8Array, change: Change): Uint8Array {
  const sizeBytes =
    'sizeBytes' in change ? change.sizeBytes : Math.max(bytes.length, change.position + change.bytes.length);
  let next = bytes;
  if (sizeBytes !== bytes.length) {
    next = new Uint8Array(sizeBytes);
    next.set(bytes.subarray(0, sizeBytes));
  }
  if ('bytes' in change) next.set(change.bytes, change.position);
  return next;
}

function remains(change: Change, random: SeededRandom, durable: Uint8Array): Change | undefined {
  const fate = random.integer(4);
  if (fate === 0) return undefined;
  if (fate === 1 || 'sizeBytes' in change) return change;
  const cut = random.integer(change.bytes.length + 1);
  if (fate === 2) return { position: change.position, bytes: change.bytes.subarray(0, cut) };
  // Zeros stand where the file grew; what was there before stays until it is written over.
  const bytes = new Uint8Array(change.bytes.length);
  bytes.set(durable.subarray(change.position, change.position + bytes.length));
  bytes.set(change.bytes.subarray(0, cut));
  return { position: change.position, bytes };
}
