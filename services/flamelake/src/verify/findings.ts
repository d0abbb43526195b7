/** What a verification finds: differences, and objects that lie in the store though nothing names them. */

/** Differences told in words; more are only counted. */
export const DIFFERENCES_SHOWN_MAX = 100;
/** Keys shown for each reason. */
const KEYS_SHOWN_MAX = 5;

/** Objects of one kind that no manifest and no chain names. */
export interface UnnamedObjects {
  readonly reason: string;
  count: number;
  sizeBytes: number;
  /** The first of them. */
  readonly keys: string[];
}

export interface Findings {
  /** How many differences there are. */
  readonly count: number;
  /** The first of them in words. */
  readonly differences: readonly string[];
  readonly notes: readonly string[];
  readonly unnamed: Iterable<UnnamedObjects>;
  difference(words: string): void;
  /** Something worth knowing that is no difference. */
  note(words: string): void;
  unnamedObject(reason: string, key: string, sizeBytes: number): void;
  /** Takes in what was found elsewhere. */
  addAll(other: Findings): void;
}

export function createFindings(): Findings {
  const differences: string[] = [];
  const notes: string[] = [];
  const unnamed = new Map<string, UnnamedObjects>();
  let count = 0;
  const groupOf = (reason: string): UnnamedObjects => {
    let group = unnamed.get(reason);
    if (group === undefined) {
      group = { reason, count: 0, sizeBytes: 0, keys: [] };
      unnamed.set(reason, group);
    }
    return group;
  };
  return {
    get count() {
      return count;
    },
    differences,
    notes,
    get unnamed() {
      return unnamed.values();
    },
    difference(words) {
      // One damaged object can be met twice.
      if (differences.includes(words)) return;
      count++;
      if (differences.length < DIFFERENCES_SHOWN_MAX) differences.push(words);
    },
    note: (words) => void notes.push(words),
    unnamedObject(reason, key, sizeBytes) {
      const group = groupOf(reason);
      group.count++;
      group.sizeBytes += sizeBytes;
      if (group.keys.length < KEYS_SHOWN_MAX) group.keys.push(key);
    },
    addAll(other) {
      count += other.count;
      differences.push(...other.differences.slice(0, DIFFERENCES_SHOWN_MAX - differences.length));
      notes.push(...other.notes);
      for (const { reason, count: more, sizeBytes, keys } of other.unnamed) {
        const group = groupOf(reason);
        group.count += more;
        group.sizeBytes += sizeBytes;
        group.keys.push(...keys.slice(0, KEYS_SHOWN_MAX - group.keys.length));
      }
    },
  };
}
