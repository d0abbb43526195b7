/** Which past a query reads: a time, or the name of a snapshot that another answer gave. */
import { type NamedPartition, type StoreKeys, unsealSnapshotName } from '@flamelake/catalog';
import { FlamelakeError, readTime } from '@flamelake/model';

export type AsOf = { readonly timeMs: number } | { readonly named: readonly NamedPartition[] };

/** A date and a time with its zone. */
const ISO_8601 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

/**
 * @param text - ISO 8601, now-10m, unix time in s, ms, µs or ns, or what an answer said in X-Flamelake-Snapshot
 * @throws {FlamelakeError} `invalid_argument` on what is neither, or a time to come
 */
export function parseAsOf(text: string, keys: StoreKeys, nowMs: number): AsOf {
  const timeMs = ISO_8601.test(text) ? Date.parse(text) : readTime(text, nowMs);
  if (timeMs === undefined || Number.isNaN(timeMs)) return { named: named(text, keys) };
  if (timeMs > nowMs) {
    throw new FlamelakeError('invalid_argument', 'as-of is a time to come', { asOf: text.slice(0, 128) });
  }
  return { timeMs };
}

function named(text: string, keys: StoreKeys): readonly NamedPartition[] {
  try {
    return unsealSnapshotName(keys, text);
  } catch (cause) {
    throw new FlamelakeError(
      'invalid_argument',
      'as-of must be a time, as in 2026-11-20T20:30:00Z or now-10m, or the name of a snapshot of this store',
      { asOf: text.slice(0, 128) },
      { cause },
    );
  }
}
