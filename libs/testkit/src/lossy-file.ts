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
  /** Changes that a failed sync has marked as written although they may not be. */
  let doomed: Change[] = [];

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
      for (const change of changes) durable = applied(durable, change);
      changes = [];
    },
    failSync() {
      doomed = [...doomed, ...changes];
      changes = [];
    },
    crash(random) {
      for (const change of [...doomed, ...changes]) {
        const kept = remains(change, random);
        if (kept !== undefined) durable = applied(durable, kept);
      }
      changes = [];
      doomed = [];
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

function remains(change: Change, random: SeededRandom): Change | undefined {
  const fate = random.integer(4);
  if (fate === 0) return undefined;
  if (fate === 1 || 'sizeBytes' in change) return change;
  const cut = random.integer(change.bytes.length + 1);
  if (fate === 2) return { position: change.position, bytes: change.bytes.subarray(0, cut) };
  const bytes = new Uint8Array(change.bytes.length);
  bytes.set(change.bytes.subarray(0, cut));
  return { position: change.position, bytes };
}
