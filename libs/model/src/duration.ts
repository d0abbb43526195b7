/** Durations as Prometheus writes them: `1h30m`, `5m`, `500ms`; units descend, each at most once; `0` needs none. */
import { FlamelakeError } from './error.ts';

const DURATION = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;
const UNITS_MS = [365 * 86_400_000, 7 * 86_400_000, 86_400_000, 3_600_000, 60_000, 1_000, 1] as const;

/**
 * Reads a duration.
 * @returns whole ms
 * @throws {FlamelakeError} `invalid_argument` when it is none, or beyond 2^53 ms
 */
export function parseDuration(text: string): number {
  if (text === '0') return 0;
  const found = text === '' ? null : DURATION.exec(text);
  const ms = UNITS_MS.reduce((sum, unit, i) => sum + Number(found?.[i + 1] ?? 0) * unit, 0);
  if (found === null || !Number.isSafeInteger(ms)) {
    throw new FlamelakeError('invalid_argument', 'duration cannot be read', {
      duration: text.slice(0, 64),
      expected: 'numbers with y, w, d, h, m, s or ms in this order, as in 1h30m',
    });
  }
  return ms;
}
