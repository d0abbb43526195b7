/** An input of a merge: read a dataset at a time, so that what is held of it does not grow with it. */
import {
  type BlockReader,
  type DatasetInfo,
  type DatasetReader,
  type IdentityColumns,
  type InputIdentities,
  objectSource,
  openBlock,
  parseBlock,
  TAIL_BYTES,
} from '@flamelake/block';
import { FlamelakeError, type ObjectStore } from '@flamelake/model';
import type { PlannedBlock } from './types.ts';

export interface MergeInput {
  readonly entry: PlannedBlock;
  readonly block: BlockReader;
  /** By identity, 1 when an output has it. */
  readonly isTaken: Uint8Array;
  /** Place in the block by `datasetName`. */
  readonly places: ReadonlyMap<string, number>;
}

export interface MergeInputs {
  readonly all: readonly MergeInput[];
  openDataset(input: MergeInput, place: number): DatasetReader;
  /** Identities of an input; kept while there is room. */
  identitiesOf(input: MergeInput): Promise<InputIdentities>;
}

/**
 * Opens the inputs of a merge.
 * @param memoryBytes - what may be held of whole objects, again of identities, and again of the ends of objects, bytes
 * @throws {FlamelakeError} `not_found` when one is gone
 */
export async function openInputs(
  store: ObjectStore,
  entries: readonly PlannedBlock[],
  memoryBytes: number,
): Promise<MergeInputs> {
  const all: MergeInput[] = [];
  // The end of each input is held as long as the job lasts.
  const tailBytes = Math.min(TAIL_BYTES, Math.max(TAIL_BYTES_MIN, Math.floor(memoryBytes / entries.length)));
  let wholeBytes = 0;
  for (const entry of entries) {
    const isWhole = wholeBytes + entry.sizeBytes <= memoryBytes;
    if (isWhole) wholeBytes += entry.sizeBytes;
    const end = { tailBytes: Math.min(tailBytes, entry.tailBytes ?? tailBytes) };
    const block = isWhole ? await readWhole(store, entry) : await openBlock(objectSource(store, entry), end);
    const places = new Map(block.info.datasets.map((info, place) => [datasetName(info), place]));
    all.push({ entry, block, isTaken: new Uint8Array(block.identityCount), places });
  }
  const kept = new Map<MergeInput, IdentityColumns>();
  let keptBytes = 0;
  return {
    all,
    openDataset: ({ block }, place) => block.openDataset(place),
    async identitiesOf(input) {
      const { isTaken } = input;
      const known = kept.get(input);
      if (known !== undefined) return { columns: known, isTaken };
      const columns = await input.block.readIdentities();
      const bytes = columns.ids.byteLength + columns.offsets.byteLength;
      for (const [other, { ids, offsets }] of kept) {
        if (keptBytes + bytes <= memoryBytes) break;
        kept.delete(other);
        keptBytes -= ids.byteLength + offsets.byteLength;
      }
      kept.set(input, columns);
      keptBytes += bytes;
      return { columns, isTaken };
    },
  };
}

/** Enough for most footers. */
const TAIL_BYTES_MIN = 1_024;

/** Tells datasets of one block apart. */
export function datasetName({ tenant, service }: Pick<DatasetInfo, 'tenant' | 'service'>): string {
  return `${tenant.length}:${tenant}${service}`;
}

async function readWhole(store: ObjectStore, { key, sizeBytes }: PlannedBlock): Promise<BlockReader> {
  const object = await store.get(key);
  if (object?.sizeBytes !== sizeBytes) throw new FlamelakeError('not_found', 'block object is gone', { key });
  return parseBlock(object.bytes, key);
}
