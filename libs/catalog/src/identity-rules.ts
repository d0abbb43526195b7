/** When a profile read from the log counts: the first copy within the window, appended soon enough. Depends on the log alone. */
import type { IdentityWindow } from './identity-window.ts';

export interface IdentityRules {
  /** How far back in time the distributor takes profiles, ms. */
  readonly ingestionWindowMs: number;
}

export const INGESTION_WINDOW_MS_DEFAULT = 3_600_000;
/** Longest ingestion window with recognised resends: of older profiles, let in for backfill, each copy counts. */
const RECOGNISED_MS_MAX = 3_600_000;
/** How long after the ingestion window a profile may reach the log: its way from the distributor. */
const ARRIVAL_MS = 600_000;
/** How far ahead of the clock the distributor takes profiles. */
const FUTURE_MS_MAX = 600_000;
/** By how much clocks of the log's brokers may differ. */
const CLOCK_SKEW_MS = 600_000;

/** Longest time between a profile's own time and its append: later copies do not count, and are not acknowledged. */
export function lateAfterMs(rules: IdentityRules): number {
  return rules.ingestionWindowMs + ARRIVAL_MS;
}

/** How long an identity is remembered: longer than two copies that both come in time can lie apart. */
export function identityWindowMs(rules: IdentityRules): number {
  return Math.min(rules.ingestionWindowMs, RECOGNISED_MS_MAX) + ARRIVAL_MS + FUTURE_MS_MAX + CLOCK_SKEW_MS;
}

/**
 * Whether a profile came too late. It could be a resend of one that the window has already forgotten.
 * @param appendMs - when the log appended the record
 * @param profileMs - the profile's own time
 */
export function isLate(appendMs: number, profileMs: number, rules: IdentityRules): boolean {
  return appendMs - profileMs > lateAfterMs(rules);
}

/**
 * Whether a profile is a repeat: its identity was seen at a smaller offset. The same offset is the profile itself, read again after
 * another writer's segment was taken into the window.
 */
export function isRepeat(window: IdentityWindow, identity: Uint8Array, offset: number): boolean {
  const seen = window.offsetOf(identity, 0);
  return seen !== undefined && seen < offset;
}
