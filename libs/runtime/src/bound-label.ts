/** Values of a label that others choose, bounded: each is a time series for as long as the process lives. */

/** What stands for all that came after the first ones. */
const OTHER_LABEL = 'other';

/** @returns a function that gives the first `max` values as they are, and `other` for those beyond */
export function boundLabel(max: number): (value: string) => string {
  const known = new Set<string>();
  return (value) => {
    if (known.has(value)) return value;
    if (known.size >= max) return OTHER_LABEL;
    known.add(value);
    return value;
  };
}
