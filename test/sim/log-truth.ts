/** What the log holds and what of it must count, computed from the order of appends alone. */
import { encodeLogRecord, type ProfileRecord } from '@flamelake/formats';
import { identityText, naiveRows, naiveTotal, type SimulatedLog } from '@flamelake/testkit';

/** Row of a block: which profile, label set and type, and the sum of its values. */
export type Rows = ReadonlyMap<string, bigint>;

export interface LogTruth {
  /** Appends a record of these profiles. */
  append(profiles: readonly ProfileRecord[]): void;
  /** Appends bytes that are no record. */
  appendPoison(value: Uint8Array): void;
  /** The log loses offsets `[from, until)` before anybody has read them. */
  lose(from: number, until: number): void;
  readonly end: number;
  /** Rows that offsets `[from, until)` must give. */
  rows(from: number, until: number): Rows;
  /** All profiles that must count, in log order. */
  readonly counted: readonly ProfileRecord[];
  /** Notes that such profiles are to be deleted by a change, of those below an offset. */
  expectDelete(expected: ExpectedDelete): void;
  /** The change was committed as a version, with all before the position: from then on no answer may show them. */
  noteCommit(changeId: string | undefined, version: number, position: number): void;
  /** Rows that an answer of a version gives of offsets `[0, until)`. */
  rowsAt(version: number, until: number): Rows;
  /** Whether the row may be gone, because its retention has ended. */
  mayLack(row: string): boolean;
  /** Identities seen, for the truth of the log that comes after this one. */
  readonly seen: ReadonlySet<string>;
}

/** A delete, before anybody has committed it. */
export interface ExpectedDelete {
  readonly changeId: string;
  readonly service: string;
  readonly untilMs: number;
  readonly chainEnd: number;
}

interface RowFacts {
  readonly service: string;
  readonly timeMs: number;
  readonly offset: number;
}

export interface LogTruthOptions {
  /** Longest time between a profile's time and its append. */
  readonly lateAfterMs: number;
  /** Profiles before may be gone, ms since 1970; none by default. */
  readonly mayExpireBefore?: () => number;
  /** Identities that an earlier log has taken. */
  readonly seenBefore?: ReadonlySet<string>;
}

export function createLogTruth(log: SimulatedLog, options: LogTruthOptions): LogTruth {
  const { lateAfterMs, mayExpireBefore = () => Number.NEGATIVE_INFINITY, seenBefore = [] } = options;
  const seen = new Set<string>(seenBefore);
  const facts = new Map<string, RowFacts>();
  const deletes: (ExpectedDelete & { version: number })[] = [];
  const counted: ProfileRecord[] = [];
  const rowsByOffset: Rows[] = [];
  return {
    append(profiles) {
      const { appendMs } = log.append(0, encodeLogRecord(profiles));
      const rows = new Map<string, bigint>();
      for (const profile of profiles) {
        const identity = identityText(profile.identity);
        if (seen.has(identity)) continue;
        seen.add(identity);
        if (appendMs - Number(profile.timeNanos / 1_000_000n) > lateAfterMs) continue;
        counted.push(profile);
        for (const [row, total] of recordRows(profile)) {
          rows.set(row, total);
          const timeMs = Number(profile.timeNanos / 1_000_000n);
          facts.set(row, { service: profile.service, timeMs, offset: rowsByOffset.length });
        }
      }
      rowsByOffset.push(rows);
    },
    appendPoison(value) {
      log.append(0, value);
      rowsByOffset.push(new Map());
    },
    lose(from, until) {
      log.loseRange(0, from, until);
      for (let offset = from; offset < until; offset++) rowsByOffset[offset] = new Map();
    },
    get end() {
      return rowsByOffset.length;
    },
    rows(from, until) {
      const rows = new Map<string, bigint>();
      for (const some of rowsByOffset.slice(from, until)) for (const [row, total] of some) rows.set(row, total);
      return rows;
    },
    counted,
    expectDelete: (expected) => void deletes.push({ ...expected, version: Number.POSITIVE_INFINITY }),
    noteCommit(changeId, version, position) {
      for (const one of deletes) {
        if (one.changeId === changeId) Object.assign(one, { version, chainEnd: Math.max(one.chainEnd, position) });
      }
    },
    rowsAt(version, until) {
      const rows = new Map<string, bigint>();
      const committed = deletes.filter((one) => one.version <= version);
      for (const some of rowsByOffset.slice(0, until)) {
        for (const [row, total] of some)
          if (!committed.some((one) => isDeleted(facts.get(row), one))) rows.set(row, total);
      }
      return rows;
    },
    mayLack: (row) => (facts.get(row)?.timeMs ?? 0) < mayExpireBefore(),
    seen,
  };
}

function isDeleted(row: RowFacts | undefined, { service, untilMs, chainEnd }: ExpectedDelete): boolean {
  return row !== undefined && row.service === service && row.timeMs < untilMs && row.offset < chainEnd;
}

/** Rows that a profile gives. */
export function recordRows(record: ProfileRecord): [string, bigint][] {
  const rows = naiveRows(record).map((row, index): [string, bigint] => {
    const group = Math.floor(index / record.types.length);
    return [`${row.identity} ${group} ${row.profileTypeId}`, naiveTotal(row.stacks)];
  });
  // A series that counts nothing is no row.
  return rows.filter(([, total]) => total !== 0n);
}

/** How two sets of rows differ, for messages; undefined when they are equal. */
export function rowsDiffer(
  found: Rows,
  expected: Rows,
  mayLack: (row: string) => boolean = () => false,
): string | undefined {
  const missing = [...expected.keys()].filter((row) => !found.has(row) && !mayLack(row));
  const excess = [...found.keys()].filter((row) => !expected.has(row));
  const wrong = [...found].filter(([row, total]) => expected.has(row) && expected.get(row) !== total);
  if (missing.length + excess.length + wrong.length === 0) return undefined;
  return `lacks ${missing.length} rows (${missing[0]}), has ${excess.length} too many (${excess[0]}), ${wrong.length} wrong`;
}
