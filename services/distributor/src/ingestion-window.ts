/** The ingestion window: which times a profile may have when it comes in. */
import { APPEND_DELAY_MAX_MS, type IngestLimits, LIMIT_KEYS } from './limits.ts';
import { refuse } from './refusal.ts';

const NANOS_PER_MS = 1_000_000n;
/** Times before 1971 are times since the client started, not since 1970. */
const CLOCK_NANOS_MIN = 365n * 86_400n * 1_000_000_000n;

/** Whether a profile states when it was taken. */
export function hasOwnClock(timeNanos: bigint): boolean {
  return timeNanos < 0n || timeNanos >= CLOCK_NANOS_MIN;
}

/** The profile's own time, or the stand-in when it has none. */
export function profileTimeNanos(timeNanos: bigint, standInMs: number): bigint {
  return hasOwnClock(timeNanos) ? timeNanos : BigInt(standInMs) * NANOS_PER_MS;
}

/** @throws {FlamelakeError} `invalid_argument` when the time is too far from now */
export function checkIngestionWindow(timeNanos: bigint, nowMs: number, tenant: string, limits: IngestLimits): void {
  const timeMs = Number(timeNanos / NANOS_PER_MS);
  if (timeMs < nowMs - limits.rejectOlderThanMs) {
    throw refuse('not_in_ingestion_window', 'profile is older than the ingestion window', {
      tenant,
      timeMs,
      nowMs,
      limitMs: limits.rejectOlderThanMs,
      key: LIMIT_KEYS.rejectOlderThanMs,
    });
  }
  if (timeMs > nowMs + limits.rejectNewerThanMs) {
    throw refuse('not_in_ingestion_window', 'profile is too far in the future: is the clock of the client right?', {
      tenant,
      timeMs,
      nowMs,
      limitMs: limits.rejectNewerThanMs,
    });
  }
}

/**
 * Checks that the log appended a profile soon enough for segment-writers to keep it: later ones they drop, since the
 * window in which resends are known has passed.
 * @throws {FlamelakeError} `invalid_argument` when it did not
 */
export function checkAppendTime(timeNanos: bigint, appendMs: number, tenant: string, limits: IngestLimits): void {
  const limitMs = limits.rejectOlderThanMs + APPEND_DELAY_MAX_MS;
  const ageMs = appendMs - Number(timeNanos / NANOS_PER_MS);
  if (ageMs <= limitMs) return;
  throw refuse('not_in_ingestion_window', 'profile reached the log too late to be kept', {
    tenant,
    ageMs,
    limitMs,
    key: LIMIT_KEYS.rejectOlderThanMs,
  });
}
