/**
 * The truth, computed the slow and obvious way: profiles as lists of named stacks, flame graphs as maps from stack text to total.
 * Whatever the engine answers from blocks must equal this.
 */
import type { ProfileRecord, StringColumn } from '@flamelake/formats';
import { LABEL, type Labels, profileTypeId } from '@flamelake/model';
import { stackAt } from './stack-trees.ts';

/** One series' part of one profile: what a row of a block is. */
export interface NaiveRow {
  readonly tenant: string;
  readonly identity: string;
  /** All labels of the pushed label set, without those made from the profile type. */
  readonly labels: Labels;
  readonly profileTypeId: string;
  readonly timeMs: number;
  /** Stack as text (names from root to leaf, joined by `;`) → value. */
  readonly stacks: ReadonlyMap<string, bigint>;
}

/** What to merge; what is left out does not restrict. */
export interface NaiveQuery {
  readonly tenant?: string;
  readonly service?: string;
  readonly profileTypeId?: string;
  readonly matches?: (labels: Labels) => boolean;
  /** Profile times, ms since 1970, `[fromMs, untilMs)`. */
  readonly fromMs?: number;
  readonly untilMs?: number;
}

/** Identity of a record as text: 32 hex digits. */
export function identityText(identity: Uint8Array): string {
  return Buffer.from(identity).toString('hex');
}

/** Of records in log order, the first of each identity. */
export function firstCopies(records: Iterable<ProfileRecord>): ProfileRecord[] {
  const first = new Map<string, ProfileRecord>();
  for (const record of records) {
    const key = identityText(record.identity);
    if (!first.has(key)) first.set(key, record);
  }
  return [...first.values()];
}

/** Name of the frame of a location that has no lines. */
export type NameAddress = (record: ProfileRecord, location: number) => string;

const plainAddress: NameAddress = ({ symbols }, location) =>
  `0x${(symbols.locations.address[location] ?? 0n).toString(16)}`;

/** `binary!0xaddress`, as every answer of the query API has it. */
const addressInBinary: NameAddress = (record, location) => {
  const { strings, locations, mappings } = record.symbols;
  const mapping = (locations.mapping[location] ?? 0) - 1;
  const path = mapping < 0 ? '' : textAt(strings, mappings.filename[mapping] ?? 0);
  return `${path.split('/').at(-1) || 'unknown'}!${plainAddress(record, location)}`;
};

/**
 * Rows of a record: one for each label set and profile type.
 * @param nameAddress - the address in hex by default
 */
export function naiveRows(record: ProfileRecord, nameAddress = plainAddress): NaiveRow[] {
  return record.groups.flatMap((group) =>
    record.types.map((type, typeIndex) => {
      const stacks = new Map<string, bigint>();
      for (let sample = 0; sample < group.sampleCount; sample++) {
        const stack = stackText(record, group.stack[sample] ?? 0, nameAddress);
        const value = group.values[typeIndex * group.sampleCount + sample] ?? 0n;
        if (value !== 0n) stacks.set(stack, (stacks.get(stack) ?? 0n) + value);
      }
      return {
        tenant: record.tenant,
        identity: identityText(record.identity),
        labels: group.labels,
        profileTypeId: profileTypeId(type),
        timeMs: Number(record.timeNanos / 1_000_000n),
        stacks,
      };
    }),
  );
}

/** Totals by stack of all rows the query wants; every record given counts, so give `firstCopies`. */
export function naiveMerge(records: Iterable<ProfileRecord>, query: NaiveQuery = {}): Map<string, bigint> {
  const totals = new Map<string, bigint>();
  for (const record of records) {
    for (const row of naiveRows(record, addressInBinary)) {
      if (!isWanted(row, query)) continue;
      for (const [stack, value] of row.stacks) totals.set(stack, (totals.get(stack) ?? 0n) + value);
    }
  }
  return totals;
}

/** Sum of all values of a merge. */
export function naiveTotal(totals: ReadonlyMap<string, bigint>): bigint {
  let total = 0n;
  for (const value of totals.values()) total += value;
  return total;
}

function isWanted(row: NaiveRow, query: NaiveQuery): boolean {
  const service = row.labels.find((label) => label.name === LABEL.serviceName)?.value;
  return (
    (query.tenant === undefined || row.tenant === query.tenant) &&
    (query.service === undefined || service === query.service) &&
    (query.profileTypeId === undefined || row.profileTypeId === query.profileTypeId) &&
    (query.matches?.(row.labels) ?? true) &&
    row.timeMs >= (query.fromMs ?? Number.NEGATIVE_INFINITY) &&
    row.timeMs < (query.untilMs ?? Number.POSITIVE_INFINITY)
  );
}

/** Names from root to leaf; of inlined functions the innermost is the leaf. */
function stackText(record: ProfileRecord, stack: number, nameAddress: NameAddress): string {
  const { symbols, stacks } = record;
  const { lineStart, lineFunction } = symbols.locations;
  const names: string[] = [];
  for (const location of stackAt(stacks, stack)) {
    const from = lineStart[location] ?? 0;
    const until = lineStart[location + 1] ?? 0;
    if (from === until) names.push(nameAddress(record, location));
    for (let line = from; line < until; line++) {
      names.push(textAt(symbols.strings, symbols.functions.name[lineFunction[line] ?? 0] ?? 0));
    }
  }
  return names.reverse().join(';');
}

function textAt(strings: StringColumn, index: number): string {
  return Buffer.from(strings.bytes.subarray(strings.offsets[index], strings.offsets[index + 1])).toString('utf8');
}
