/** Reading 1: the log, record by record, with the rules that decide which profiles count, against what the store holds. */
import { type IdentityRules, isLate, isRepeat } from '@flamelake/catalog';
import { decodeLogRecord, type ProfileRecord } from '@flamelake/formats';
import { describeError, FlamelakeError, type LogRecord, withProducedLabels } from '@flamelake/model';
import { hashBytes, hashLocations, hashRow, hashTree, wordsOf } from './content-hash.ts';
import type { Findings } from './findings.ts';
import type { PartitionLog } from './log-reading.ts';
import { type ExpectedRow, isExpected, type MayLack } from './may-lack.ts';
import { type OffsetDigest, wordAt } from './offset-digests.ts';
import type { LogComparison } from './partition-reading.ts';
import { hashRowName } from './row-name.ts';

export interface LogCounts {
  readonly partition: number;
  /** First offset read, and the one behind the last. */
  readonly start: number;
  readonly end: number;
  /** Records compared with the store. */
  readonly compared: number;
  readonly profiles: number;
  readonly repeats: number;
  readonly late: number;
  readonly quarantined: number;
  /** Records not yet in a segment. */
  readonly pending: number;
  /** Records beyond the most that are compared. */
  readonly skipped: number;
}

export interface ReplayOptions extends LogComparison {
  readonly rules: IdentityRules;
  /** First offset that no segment covers. */
  readonly chainEnd: number;
  readonly isOnlyPartition: boolean;
  readonly mayLack: MayLack;
  readonly findings: Findings;
  readonly progress: (words: string) => void;
}

/** Records between two looks at the identities that can be forgotten. */
const FORGET_RECORDS = 1_024;

/** @throws {FlamelakeError} `data_loss` when a record of the log is damaged */
export async function replayLog(log: PartitionLog, options: ReplayOptions): Promise<LogCounts> {
  const { digests, window, windowMs, chainEnd, findings, progress } = options;
  const counts = { compared: 0, profiles: 0, repeats: 0, late: 0, quarantined: 0, pending: 0, skipped: 0 };
  let end = log.start;
  let lastAppendMs = 0;
  for await (const record of log.records()) {
    const { offset, appendMs } = record;
    end = offset + 1;
    lastAppendMs = Math.max(lastAppendMs, appendMs);
    if (offset >= chainEnd) counts.pending++;
    else if (offset >= digests.until) counts.skipped++;
    else {
      if (counts.compared++ % FORGET_RECORDS === 0) {
        progress(`log partition ${log.partition}: offset ${offset} of ${chainEnd}`);
        window.forgetBefore(lastAppendMs - windowMs);
      }
      const kept = digests.quarantined(offset);
      if (kept === undefined) compare(record, options, lastAppendMs, counts);
      else {
        counts.quarantined++;
        // Of a very large record only the beginning is kept.
        const [low, high] = hashBytes(record.value.subarray(0, kept.sizeBytes));
        if (low !== kept.hash[0] || high !== kept.hash[1]) {
          findings.difference(`${place(options, offset)}: quarantine holds another record than the log`);
        }
      }
    }
  }
  return { partition: log.partition, start: log.start, end, ...counts };
}

/** Names a record: by its offset alone where the log has one partition. */
function place({ root, isOnlyPartition }: ReplayOptions, offset: number): string {
  return isOnlyPartition ? `offset ${offset}` : `partition ${root.partition}, offset ${offset}`;
}

interface Verdicts {
  profiles: number;
  repeats: number;
  late: number;
}

function compare(record: LogRecord, options: ReplayOptions, lastAppendMs: number, counts: Verdicts): void {
  const { digests, findings } = options;
  const { offset } = record;
  let decoded: ProfileRecord[];
  try {
    decoded = decodeLogRecord(record.value);
  } catch (error) {
    const reason = error instanceof FlamelakeError ? describeError(error) : String(error);
    findings.difference(
      `${place(options, offset)}: the log's record cannot be decoded and is not in quarantine: ${reason}`,
    );
    return;
  }
  const counted = select(decoded, record, lastAppendMs, options, counts);
  const rows = counted.flatMap((profile) => [...rowHashes(profile, options.mayLack)]);
  const identities = identitySums(counted);
  const actual = digests.at(offset);
  if (isExpected(rows, identities, actual)) return;
  const expected = { ...identities, rows: rows.length };
  const amounts = ({ profiles, rows }: OffsetDigest): string => `${profiles} profiles in ${rows} rows`;
  const sameAmounts = amounts(expected) === amounts(actual);
  const services = [...new Set(decoded.map(({ tenant, service }) => `${tenant}/${service}`))].join(', ');
  findings.difference(
    `${place(options, offset)} (${services}): the log counts ${amounts(expected)}, the store holds ${
      sameAmounts ? 'as many with other content' : amounts(actual)
    }`,
  );
}

/** The profiles that count: in time, and the first of their identity. */
function select(
  profiles: readonly ProfileRecord[],
  { offset, appendMs }: LogRecord,
  lastAppendMs: number,
  { window, rules }: ReplayOptions,
  counts: Verdicts,
): ProfileRecord[] {
  const inRecord = new Set<string>();
  const counted = profiles.filter(({ timeNanos, identity }) => {
    if (isLate(appendMs, Number(timeNanos / 1_000_000n), rules)) {
      counts.late++;
      return false;
    }
    const text = Buffer.from(identity).toString('latin1');
    if (inRecord.has(text) || isRepeat(window, identity, offset)) {
      counts.repeats++;
      return false;
    }
    inRecord.add(text);
    return true;
  });
  for (const { identity } of counted) window.add(identity, 0, offset, lastAppendMs);
  counts.profiles += counted.length;
  return counted;
}

/** What identities alone add to a digest. */
function identitySums(profiles: readonly ProfileRecord[]): OffsetDigest {
  let [low, high] = [0, 0];
  for (const { identity } of profiles) {
    low = (low + wordAt(identity, 0)) >>> 0;
    high = (high + wordAt(identity, 8)) >>> 0;
  }
  return { profiles: profiles.length, rows: 0, low, high };
}

/** Hashes of the rows that a profile has in a block: of each label set and type with a value. */
function* rowHashes(profile: ProfileRecord, mayLack: MayLack): Generator<ExpectedRow> {
  const stacks = hashTree(profile.stacks, hashLocations(profile.symbols));
  const facts = {
    timeMs: Number(profile.timeNanos / 1_000_000n),
    durationNanos: storedDuration(profile.durationNanos),
    period: profile.period,
    identities: profile.identity,
    identityAt: 0,
  };
  for (const [group, { labels, sampleCount, stack, values, spanIds, traceIds }] of profile.groups.entries()) {
    for (const [t, type] of profile.types.entries()) {
      const valueShift = t * sampleCount;
      if (values.subarray(valueShift, valueShift + sampleCount).every((value) => value === 0n)) continue;
      const all = withProducedLabels(labels, type, profile.service);
      const hash = hashRow(
        { ...facts, group, name: hashRowName(profile.tenant, profile.service, type, all) },
        {
          from: 0,
          until: sampleCount,
          stack,
          stacks,
          values: wordsOf(values),
          valueShift,
          spans: spanIds && wordsOf(spanIds),
          traces: traceIds,
        },
      );
      // The hash is written over by the next one.
      yield { hash: hash.slice(), mayLack: mayLack(profile.tenant, all, facts.timeMs) };
    }
  }
}

/** Blocks hold durations as whole numbers from 0 to 2^53 - 1. */
function storedDuration(nanos: bigint): number {
  if (nanos <= 0n) return 0;
  return nanos > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(nanos);
}
