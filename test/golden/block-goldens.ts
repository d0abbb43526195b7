/** How golden blocks are headed and how the small one is built. */
import { type BlockHeader, createBlockBuilder } from '@flamelake/block';
import type { ProfileRecord } from '@flamelake/formats';
import { goldenRecords } from './block-records.ts';

/** Windows of the totals of golden blocks of level 2 and higher, ms. */
export const GOLDEN_TOTALS_MS = 3_600_000;

/** @param digits - two hex digits, the block's id when repeated */
export function goldenHeader(digits: string, level: number): BlockHeader {
  return {
    id: digits.repeat(16),
    level,
    log: {
      logId: 'golden-log',
      partition: 5,
      position: 100,
      next: 106,
      lastAppendMs: 1_795_206_500_000,
      gaps: [{ from: 104, until: 105 }],
    },
  };
}

export function smallBlock(): Uint8Array {
  return blockOf(goldenRecords(), '11');
}

/** The same with times of samples: several, one and none of a sample, before its profile's too. */
export function timedBlock(): Uint8Array {
  return blockOf(goldenRecords().map(timedRecord), '55');
}

export function timedRecord(record: ProfileRecord, i = 0): ProfileRecord {
  // A profile without any stays so.
  if (i === 1) return record;
  const groups = record.groups.map((group) => {
    const start = Uint32Array.from({ length: group.sampleCount + 1 }, (_, sample) => [0, 3, 3, 4][sample]);
    return { ...group, times: { start, offsetMs: Int32Array.of(-7, 0, 9_999, 250).slice(0, start.at(-1)) } };
  });
  return { ...record, groups };
}

function blockOf(records: readonly ProfileRecord[], id: string): Uint8Array {
  const builder = createBlockBuilder();
  const offsets = [100, 101, 103];
  records.forEach((record, i) => builder.addProfile(record, offsets[i]));
  builder.addQuarantined({ offset: 102, reason: 'record version is unknown', value: Uint8Array.of(0xff, 0, 1) });
  builder.addIdentities({ count: 1, ids: new Uint8Array(16).fill(0xee), offsets: Float64Array.of(42) });
  return builder.build(goldenHeader(id, 0)).bytes;
}
