import type { BlockReader } from '@flamelake/block';
import { profileTypeId } from '@flamelake/model';
import { identityText } from '@flamelake/testkit';
import type { Rows } from './log-truth.ts';

const IDENTITY_BYTES = 16;

/** Reads every profile row of a block, with its total. */
export type ReadRows = (block: BlockReader) => Promise<Rows>;

/** In one world a block's id names it for ever, so each is decoded once. */
export function createRowReader(): ReadRows {
  const known = new Map<string, Rows>();
  return async (block) => {
    const rows = known.get(block.info.id) ?? (await readRows(block));
    known.set(block.info.id, rows);
    return rows;
  };
}

async function readRows(block: BlockReader): Promise<Rows> {
  const rows = new Map<string, bigint>();
  const { ids } = await block.identities();
  for (const index of block.info.datasets.keys()) {
    const dataset = block.dataset(index);
    const series = await dataset.series();
    const profiles = await dataset.profiles();
    for (let row = 0; row < profiles.count; row++) {
      const at = (profiles.identity[row] ?? 0) * IDENTITY_BYTES;
      const type = series[profiles.series[row] ?? -1]?.type;
      const name = `${identityText(ids.subarray(at, at + IDENTITY_BYTES))} ${profiles.group[row]} ${type && profileTypeId(type)}`;
      rows.set(name, (rows.get(name) ?? 0n) + (profiles.total[row] ?? 0n));
    }
  }
  return rows;
}
