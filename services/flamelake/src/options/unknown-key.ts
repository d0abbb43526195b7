/** The error for a key that no option has: it names the nearest one. */
import { FlamelakeError } from '@flamelake/model';

export function unknownKey(key: string, known: readonly string[], message: string): FlamelakeError {
  let nearest = '';
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const distance = editDistance(key, candidate);
    if (distance < least) [nearest, least] = [candidate, distance];
  }
  return new FlamelakeError('invalid_argument', message, { key, nearest });
}

/** Levenshtein distance of two short strings. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}
