/** The chain: a partition's segments, each naming the next. It is followed by its links, never taken from a listing. */
import { type BlockInfo, type BlockReader, objectSource, openBlock } from '@flamelake/block';
import { FlamelakeError, type ObjectStore } from '@flamelake/model';
import { segmentKey } from './keys.ts';
import type { PartitionRoot, SegmentEntry } from './types.ts';

/** A segment of the chain, open. */
export interface FoundSegment {
  readonly entry: SegmentEntry;
  /** Reads this object only: another one under its key is a missing object. Small segments are in memory whole. */
  readonly block: BlockReader;
}

/** Last bytes of a segment that are read at first: the footer of most, and the whole of small ones. */
const TAIL_BYTES = 65_536;

/**
 * Follows the chain from a position until there is no next segment.
 * @param known - segments that are sure to be as they were: their footers are not read again
 * @throws {FlamelakeError} `data_loss` on a footer that cannot be read or is of another place
 */
export async function* followChain(
  store: ObjectStore,
  root: PartitionRoot,
  fromPosition: number,
  known?: ReadonlyMap<number, SegmentEntry>,
): AsyncGenerator<SegmentEntry> {
  for (let position = fromPosition; ; ) {
    const entry = known?.get(position) ?? (await findSegment(store, root, position))?.entry;
    if (entry === undefined) return;
    yield entry;
    position = entry.info.log.next;
  }
}

/**
 * Reads the footer of the segment at a position; undefined when there is none.
 * @param part - how much of it is read at once: all of it is in memory then
 */
export async function findSegment(
  store: ObjectStore,
  root: PartitionRoot,
  position: number,
  part: 'end' | 'all' = 'end',
): Promise<FoundSegment | undefined> {
  const key = segmentKey(root, position);
  const object = await store.get(key, part === 'end' ? { lastBytes: TAIL_BYTES } : undefined);
  if (object === undefined) return undefined;
  const { bytes: tail, etag, sizeBytes } = object;
  try {
    const block = await openBlock(objectSource(store, { key, sizeBytes, etag }), { tail });
    checkPlace(block.info, root, position, key);
    const { info, tailBytes } = block;
    return { entry: { key, etag, sizeBytes, tailBytes, info }, block };
  } catch (error) {
    // Swept between the reads of a large footer.
    if (isMissingObject(error)) return undefined;
    throw error;
  }
}

/** Opens a segment as a walk found it: another object under its key is a missing object. */
export function openSegment(store: ObjectStore, segment: SegmentEntry): Promise<BlockReader> {
  return openBlock(objectSource(store, segment));
}

/** Whether an error says that an object which was to be there is gone. */
export function isMissingObject(error: unknown): boolean {
  return error instanceof FlamelakeError && error.code === 'not_found';
}

function checkPlace(info: BlockInfo, root: PartitionRoot, position: number, key: string): void {
  const { logId, partition, next } = info.log;
  if (logId === root.logId && partition === root.partition && info.log.position === position && next > position) return;
  throw new FlamelakeError('data_loss', 'segment is of another place than its key', {
    key,
    logId,
    partition,
    position: info.log.position,
    next,
  });
}
