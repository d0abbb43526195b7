/** Times on the command line: the grammar of `/ingest` and ISO 8601, where a time that cannot be read is refused, not taken for now. */
import { FlamelakeError, parseTime } from '@flamelake/model';

/** A date, or a date and a time with its zone: without one it would depend on where the command runs. */
const ISO_8601 = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/;
const IS_NOW = /^\s*(now\s*([+-]\s*0+[a-zA-Z]+)?)?\s*$/;

/**
 * @param option - name of the flag, for the refusal
 * @returns ms since 1970
 * @throws {FlamelakeError} `invalid_argument`
 */
export function readTime(option: string, text: string, nowMs: number): number {
  if (ISO_8601.test(text)) {
    const timeMs = Date.parse(text);
    if (!Number.isNaN(timeMs)) return timeMs;
  }
  // To that grammar whatever it cannot read is now, so it follows the clock.
  const isNow = parseTime(text, nowMs) === nowMs && parseTime(text, nowMs + 1) === nowMs + 1;
  if (isNow && !IS_NOW.test(text)) {
    throw new FlamelakeError('invalid_argument', 'time cannot be read', {
      option,
      value: text,
      expected: 'now-1h30m, 2026-11-20T20:30:00Z, or unix time in s, ms, µs or ns',
    });
  }
  return parseTime(text, nowMs);
}
