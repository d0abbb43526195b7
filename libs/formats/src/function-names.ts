/**
 * Names as functions are to be known by. Go's type parameters go, so that instances of one generic function are one function;
 * old scripting clients get the file in front of the name, where their names alone say too little.
 */
import { stringBytesAt } from './string-column.ts';
import type { StringPicker } from './string-picker.ts';
import type { StringColumn, Symbols } from './symbols.ts';

const SPACE = 0x20;
const SLASH = 0x2f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const GO_SUFFIX = [0x2e, 0x67, 0x6f];

export interface FunctionNames {
  /** String index of a function's name in the picker. */
  name(fn: number): number;
  systemName(fn: number): number;
}

/** @param filenames - whose files go in front of the name: nobody's, those with relative paths, or everybody's */
export function namesOf(
  symbols: Symbols,
  strings: StringPicker,
  filenames: 'none' | 'relative' | 'all',
): FunctionNames {
  const { functions } = symbols;
  // Few names hold a bracket: nothing is looked at by function but these.
  const bracketed = stringsWith(strings.from, OPEN);
  const plain = (fn: number, string: number): number => {
    if (!bracketed.has(string) || !isGoFile(strings.from, functions.filename[fn])) return string;
    const bytes = stringBytesAt(strings.from, string);
    const short = withoutTypeParameters(bytes);
    return short === bytes ? string : strings.add(short);
  };
  const withFile = (fn: number, string: number): number => {
    const file = stringBytesAt(strings.from, functions.filename[fn]);
    if (file.length === 0 || (filenames === 'relative' && file[0] === SLASH)) return string;
    return strings.add(Buffer.concat([file, Uint8Array.of(SPACE), stringBytesAt(strings.from, string)]));
  };
  return {
    name: (fn) => (filenames === 'none' ? plain(fn, functions.name[fn]) : withFile(fn, functions.name[fn])),
    systemName: (fn) => plain(fn, functions.systemName[fn]),
  };
}

/** Indexes of the strings that hold a byte. */
function stringsWith({ bytes, offsets, count }: StringColumn, byte: number): Set<number> {
  const found = new Set<number>();
  let string = 0;
  for (let at = bytes.indexOf(byte); at >= 0 && string < count; at = bytes.indexOf(byte, offsets[string])) {
    while (offsets[string + 1] <= at) string++;
    found.add(string++);
  }
  return found;
}

function isGoFile({ bytes, offsets }: StringColumn, string: number): boolean {
  const end = offsets[string + 1];
  if (end - offsets[string] <= GO_SUFFIX.length) return false;
  return GO_SUFFIX.every((byte, i) => bytes[end - GO_SUFFIX.length + i] === byte);
}

/**
 * Cuts every balanced, non-empty pair of brackets and what it holds out of a Go name: `slices.SortFunc[go.shape.[]int]` and
 * `slices.SortFunc[...]` become `slices.SortFunc`.
 * @returns the same bytes when there is none
 */
export function withoutTypeParameters(name: Uint8Array): Uint8Array {
  if (!name.includes(OPEN)) return name;
  const kept = new Uint8Array(name.length);
  let length = 0;
  let depth = 0;
  let outermost = 0;
  for (const byte of name) {
    if (byte === OPEN && depth++ === 0) outermost = length;
    kept[length++] = byte;
    if (byte === CLOSE && depth > 0 && --depth === 0 && length - outermost > 2) length = outermost;
  }
  return length === name.length ? name : kept.subarray(0, length);
}
