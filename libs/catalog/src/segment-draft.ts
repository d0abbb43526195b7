/** A segment in the making: records of the log from one position on, decoded, each profile counted once. */
import type { BlockBuilder, BuiltBlock } from '@flamelake/block';
import { decodeLogRecord, type ProfileRecord } from '@flamelake/formats';
import { describeError, FlamelakeError, type LogRecord } from '@flamelake/model';
import { type IdentityRules, isLate, isRepeat } from './identity-rules.ts';
import type { IdentityWindow } from './identity-window.ts';
import type { PartitionRoot } from './types.ts';

/** What reading the log may meet, counted. */
export type DraftCount = 'profiles' | 'repeats' | 'late' | 'quarantined' | 'missing_offsets';

/** Most of a record that is kept raw, 15 MiB: it has to fit a segment, whatever size of record the log takes. */
const QUARANTINED_BYTES_MAX = 15_728_640;

export interface SegmentDraft {
  /** Of the block it becomes. */
  readonly id: string;
  readonly position: number;
  /** First offset not read yet: where this segment would end if it were cut now. */
  readonly next: number;
  /** Running maximum of append time at `next`. */
  readonly lastAppendMs: number;
  /** Records read, whatever became of them. */
  readonly records: number;
  /** About how large the object would be, bytes. */
  readonly sizeBytes: number;
  /**
   * Takes the next record in. One that cannot be decoded, or holds a profile that the builder refuses, goes to quarantine as it is;
   * its other profiles count.
   * @throws {FlamelakeError} `resource_exhausted` when the identity window is full; whatever is thrown, the draft is of no more use
   */
  add(record: LogRecord): void;
  /** Notes that the log no longer has the offsets up to `offset`. */
  skipTo(offset: number): void;
  /** Builds the object. Counts are of the records in it. */
  finish(): CutSegment;
}

/** A draft as an object. */
export interface CutSegment {
  readonly block: BuiltBlock;
  readonly counts: ReadonlyMap<DraftCount, number>;
}

export interface SegmentDraftOptions {
  readonly root: PartitionRoot;
  /** Random id of the block. */
  readonly id: string;
  readonly position: number;
  readonly lastAppendMs: number;
  /** Identities seen before; those of the draft are added. */
  readonly window: IdentityWindow;
  readonly rules: IdentityRules;
  /** Empty. Of no use to others as long as the draft is. */
  readonly builder: BlockBuilder;
  /** Why records at these offsets go to quarantine unread: building a segment with them has failed. */
  readonly poison: ReadonlyMap<number, string>;
}

export function createSegmentDraft(options: SegmentDraftOptions): SegmentDraft {
  const { root, id, position, window, rules, poison, builder } = options;
  const gaps: { from: number; until: number }[] = [];
  const counts = new Map<DraftCount, number>();
  let { lastAppendMs } = options;
  let next = position;
  let records = 0;

  const count = (what: DraftCount, amount: number) => {
    if (amount > 0) counts.set(what, (counts.get(what) ?? 0) + amount);
  };

  function skipTo(offset: number): void {
    if (offset <= next) return;
    gaps.push({ from: next, until: offset });
    count('missing_offsets', offset - next);
    next = offset;
  }

  function quarantine(record: LogRecord, reason: string): void {
    const sizeBytes = record.value.length;
    const isWhole = sizeBytes <= QUARANTINED_BYTES_MAX;
    builder.addQuarantined({
      offset: record.offset,
      reason: isWhole ? reason : `${reason}; only its beginning is kept (sizeBytes=${sizeBytes})`,
      value: record.value.subarray(0, QUARANTINED_BYTES_MAX),
    });
    count('quarantined', 1);
  }

  /** The profiles of a record that count. Copies inside one record have the same offset: there the first one counts. */
  function select(record: LogRecord, profiles: readonly ProfileRecord[]): ProfileRecord[] {
    const inRecord = new Set<string>();
    return profiles.filter((profile) => {
      if (isLate(record.appendMs, Number(profile.timeNanos / 1_000_000n), rules)) {
        count('late', 1);
        return false;
      }
      const identity = Buffer.from(profile.identity).toString('latin1');
      if (inRecord.has(identity) || isRepeat(window, profile.identity, record.offset)) {
        count('repeats', 1);
        return false;
      }
      inRecord.add(identity);
      return true;
    });
  }

  function takeIn(record: LogRecord, profiles: readonly ProfileRecord[]): void {
    let refusal: string | undefined;
    for (const profile of profiles) {
      try {
        builder.addProfile(profile, record.offset);
      } catch (error) {
        if (!(error instanceof FlamelakeError)) throw error;
        refusal = reasonOf(error);
        continue;
      }
      window.add(profile.identity, 0, record.offset, lastAppendMs);
      count('profiles', 1);
    }
    if (refusal !== undefined) quarantine(record, refusal);
  }

  return {
    id,
    position,
    get next() {
      return next;
    },
    get lastAppendMs() {
      return lastAppendMs;
    },
    get records() {
      return records;
    },
    get sizeBytes() {
      return builder.sizeBytes;
    },
    skipTo,
    add(record) {
      skipTo(record.offset);
      const poisoned = poison.get(record.offset);
      const decoded = poisoned === undefined ? decodeRecord(record) : poisoned;
      lastAppendMs = Math.max(lastAppendMs, record.appendMs);
      if (typeof decoded === 'string') quarantine(record, decoded);
      else takeIn(record, select(record, decoded));
      records++;
      next = record.offset + 1;
    },
    finish() {
      const log = { ...root, position, next, lastAppendMs, gaps };
      return { block: builder.build({ id, level: 0, log }), counts };
    },
  };
}

/** Profiles of a record, or why it cannot be decoded. */
function decodeRecord(record: LogRecord): readonly ProfileRecord[] | string {
  try {
    return decodeLogRecord(record.value);
  } catch (error) {
    return reasonOf(error);
  }
}

/** Why a record goes to quarantine. */
export function reasonOf(error: unknown): string {
  return error instanceof FlamelakeError ? describeError(error) : String(error);
}
