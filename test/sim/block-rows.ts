import type { BlockReader } from '@flamelake/block';
import { profileTypeId } from '@flamelake/model';
import { identityText } from '@flamelake/testkit';
import type { Rows } from './log-truth.ts';

const IDENTITY_BYTES = 16;

const known = new Map<string, Rows>();
const KNOWN_MAX = 10_000;

/** Every profile row of a block, with its total. Blocks of one id are the same block, so each is decoded once. */
export async function blockRows(block: BlockReader): Promise<Rows> {
  const before = known.get(block.info.id);
  if (before !== undefined) return before;
  const rows = await readRows(block);
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(block.info.id, rows);
  return rows;
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
