import type { BlockReader, RowFilter } from '@flamelake/block';
import { profileTypeId } from '@flamelake/model';
import { identityText } from '@flamelake/testkit';
import type { Rows } from './log-truth.ts';

const IDENTITY_BYTES = 16;

/** Reads the profile rows of a block that a filter keeps, with their totals. */
export type ReadRows = (block: BlockReader, keep?: RowFilter) => Promise<Rows>;

/** A row with what filters ask about. */
interface FilteredRow {
  readonly name: string;
  readonly total: bigint;
  readonly isKept: (keep: RowFilter) => boolean;
}

/** In one world a block's id names it for ever, so each is decoded once. */
export function createRowReader(): ReadRows {
  const known = new Map<string, readonly FilteredRow[]>();
  return async (block, keep) => {
    const rows = known.get(block.info.id) ?? (await readRows(block));
    known.set(block.info.id, rows);
    const sum = new Map<string, bigint>();
    for (const { name, total, isKept } of rows) {
      if (keep === undefined || isKept(keep)) sum.set(name, (sum.get(name) ?? 0n) + total);
    }
    return sum;
  };
}

async function readRows(block: BlockReader): Promise<readonly FilteredRow[]> {
  const rows: FilteredRow[] = [];
  const { ids } = await block.identities();
  for (const index of block.info.datasets.keys()) {
    const dataset = block.dataset(index);
    const series = await dataset.series();
    const profiles = await dataset.profiles();
    for (let row = 0; row < profiles.count; row++) {
      const at = (profiles.identity[row] ?? 0) * IDENTITY_BYTES;
      const one = series[profiles.series[row]];
      const timeMs = profiles.timeMs[row];
      const name = `${identityText(ids.subarray(at, at + IDENTITY_BYTES))} ${profiles.group[row]} ${profileTypeId(one.type)}`;
      rows.push({
        name,
        total: profiles.total[row],
        isKept: ({ dataset: whole, row: single }) =>
          whole?.(dataset.info) !== false && single?.(dataset.info, one, timeMs) !== false,
      });
    }
  }
  return rows;
}
