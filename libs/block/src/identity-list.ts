/** Identities of the profiles of a block being built. */
import { IDENTITY_BYTES } from './block-sections.ts';
import { float64List, pushFloat64, reserve, uint8List } from './list.ts';
import type { IdentityColumns } from './types.ts';

export interface IdentityList {
  readonly count: number;
  /** Bytes of memory held. */
  readonly memoryBytes: number;
  /** Appends a copy of an identity; returns its number. */
  add(id: Uint8Array, offset: number): number;
  /** Identities sorted by (offset, bytes), equal ones once; `number` is by number of adding. */
  sorted(): { columns: IdentityColumns; number: Uint32Array };
}

export function createIdentityList(): IdentityList {
  const ids = uint8List();
  const offsets = float64List();
  return {
    get count() {
      return offsets.count;
    },
    get memoryBytes() {
      return ids.items.byteLength + offsets.items.byteLength;
    },
    add(id, offset) {
      reserve(ids, ids.count + IDENTITY_BYTES);
      ids.items.set(id.subarray(0, IDENTITY_BYTES), ids.count);
      ids.count += IDENTITY_BYTES;
      pushFloat64(offsets, offset);
      return offsets.count - 1;
    },
    sorted() {
      const count = offsets.count;
      const compare = (a: number, b: number): number => {
        const order = offsets.items[a] - offsets.items[b];
        if (order !== 0) return order;
        return Buffer.compare(idAt(a), idAt(b));
      };
      const idAt = (i: number): Uint8Array => ids.items.subarray(i * IDENTITY_BYTES, (i + 1) * IDENTITY_BYTES);
      const order = Uint32Array.from({ length: count }, (_, i) => i).sort(compare);
      const number = new Uint32Array(count);
      const sortedIds = new Uint8Array(count * IDENTITY_BYTES);
      const sortedOffsets = new Float64Array(count);
      let kept = 0;
      for (let i = 0; i < count; i++) {
        const at = order[i];
        if (i === 0 || compare(order[i - 1], at) !== 0) {
          sortedIds.set(idAt(at), kept * IDENTITY_BYTES);
          sortedOffsets[kept++] = offsets.items[at];
        }
        number[at] = kept - 1;
      }
      const columns = {
        count: kept,
        ids: sortedIds.subarray(0, kept * IDENTITY_BYTES),
        offsets: sortedOffsets.subarray(0, kept),
      };
      return { columns, number };
    },
  };
}
