/** Picks the strings of a table that are used, adds new ones, and cuts those that are too long. */
import { FlamelakeError } from '@flamelake/model';
import type { StringColumn } from './symbols.ts';

/** Most bytes of added strings: a file name put in front of every function must not multiply without bound. */
const ADDED_BYTES_MAX = 67_108_864;

export interface StringPicker {
  /** The table picked from. */
  readonly from: StringColumn;
  /**
   * Adds a string, or finds an added one that is equal; returns an index past those of the table.
   * @throws {FlamelakeError} `invalid_argument` when too much is added
   */
  add(bytes: Uint8Array): number;
  /** Marks a string, of the table or added, as used. */
  use(index: number): void;
  /** The strings used, in the order of their indexes, "" first; and the new index by old one. */
  finish(): { strings: StringColumn; newIndex: Uint32Array; truncatedStrings: number };
}

/** @param stringBytesMax - of longer strings the tail is kept, from the first whole character on */
export function createStringPicker(from: StringColumn, stringBytesMax: number): StringPicker {
  const added: Uint8Array[] = [];
  const addedIndex = new Map<string, number>();
  let addedBytes = 0;
  const isUsed = new Uint8Array(from.count);
  isUsed[0] = 1;

  return {
    from,
    add(bytes) {
      const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
      let index = addedIndex.get(key);
      if (index === undefined) {
        addedBytes += bytes.length;
        if (addedBytes > ADDED_BYTES_MAX) {
          throw new FlamelakeError('invalid_argument', 'function names are too long with their files', {
            limitBytes: ADDED_BYTES_MAX,
          });
        }
        index = from.count + added.length;
        added.push(bytes);
        addedIndex.set(key, index);
      }
      return index;
    },
    use(index) {
      if (index < from.count) isUsed[index] = 1;
    },
    finish() {
      return pick(from, isUsed, added, stringBytesMax);
    },
  };
}

function pick(from: StringColumn, isUsed: Uint8Array, added: readonly Uint8Array[], bytesMax: number) {
  const newIndex = new Uint32Array(from.count + added.length);
  const offsets = new Uint32Array(from.count + added.length + 1);
  const extraBytes = added.reduce((sum, { length }) => sum + length, 0);
  const bytes = new Uint8Array(from.bytes.length + extraBytes);
  let count = 0;
  let length = 0;
  let truncatedStrings = 0;
  const append = (string: Uint8Array) => {
    const kept = string.length > bytesMax ? tail(string, bytesMax) : string;
    if (kept !== string) truncatedStrings++;
    bytes.set(kept, length);
    length += kept.length;
    offsets[++count] = length;
  };
  for (let i = 0; i < from.count; ) {
    if (isUsed[i] === 0) {
      i++;
      continue;
    }
    // Neighbours that are all used are copied as one.
    const runStart = from.offsets[i];
    const first = i;
    let runEnd = runStart;
    for (; i < from.count && isUsed[i] === 1; i++) {
      const end = from.offsets[i + 1];
      if (end - runEnd > bytesMax) break;
      runEnd = end;
      newIndex[i] = count++;
      offsets[count] = length + end - runStart;
    }
    bytes.set(from.bytes.subarray(runStart, runEnd), length);
    length += runEnd - runStart;
    if (i === first || (i < from.count && isUsed[i] === 1)) {
      newIndex[i] = count;
      append(from.bytes.subarray(from.offsets[i], from.offsets[i + 1]));
      i++;
    }
  }
  for (const [i, string] of added.entries()) {
    newIndex[from.count + i] = count;
    append(string);
  }
  const strings = { count, bytes: bytes.subarray(0, length), offsets: offsets.subarray(0, count + 1) };
  return { strings, newIndex, truncatedStrings };
}

/** At most `bytesMax` bytes from the end, beginning with a whole character. */
function tail(string: Uint8Array, bytesMax: number): Uint8Array {
  let start = string.length - bytesMax;
  while (start < string.length && (string[start] & 0xc0) === 0x80) start++;
  return string.subarray(start);
}
