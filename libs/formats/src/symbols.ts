/**
 * Symbols as structure of arrays: what pprof, log records and blocks share. Strings stay UTF-8 bytes until printed.
 * Every index is into the named column of the same `Symbols`; string 0 is always the empty string.
 */

/** Strings as one run of bytes; string `i` is `bytes[offsets[i], offsets[i + 1])`. */
export interface StringColumn {
  readonly count: number;
  readonly bytes: Uint8Array;
  /** `count + 1` ascending offsets into `bytes`. */
  readonly offsets: Uint32Array;
}

export interface FunctionColumns {
  readonly count: number;
  /** String indexes. */
  readonly name: Uint32Array;
  readonly systemName: Uint32Array;
  readonly filename: Uint32Array;
  /** 0 when unknown; clamped to int32. */
  readonly startLine: Int32Array;
}

export interface MappingColumns {
  readonly count: number;
  readonly memoryStart: BigUint64Array;
  readonly memoryLimit: BigUint64Array;
  readonly fileOffset: BigUint64Array;
  /** String indexes. */
  readonly filename: Uint32Array;
  readonly buildId: Uint32Array;
  /** Bits: 1 has functions, 2 has filenames, 4 has line numbers, 8 has inline frames. */
  readonly flags: Uint8Array;
}

export interface LocationColumns {
  readonly count: number;
  /** Mapping index + 1; 0 is no mapping. */
  readonly mapping: Uint32Array;
  readonly address: BigUint64Array;
  /** Lines of location `i` are `[lineStart[i], lineStart[i + 1])`, innermost inlined function first; none is an unsymbolised frame. */
  readonly lineStart: Uint32Array;
  /** Function index by line. */
  readonly lineFunction: Uint32Array;
  /** 0 when unknown; clamped to int32. */
  readonly lineNumber: Int32Array;
}

export interface Symbols {
  readonly strings: StringColumn;
  readonly functions: FunctionColumns;
  readonly mappings: MappingColumns;
  readonly locations: LocationColumns;
}

/**
 * Stacks as a tree: node 0 is the empty stack, any other node is the stack of its parent with one more frame on the leaf side.
 * Parents come before their children, and no two nodes have the same parent and location.
 */
export interface StackTreeColumns {
  readonly count: number;
  readonly parent: Uint32Array;
  /** Location index of the frame; 0 for node 0, where it means nothing. */
  readonly location: Uint32Array;
}

/** Stacks as runs of location indexes, leaf first. Stack `i` is `locations[start[i], start[i + 1])`; it may be empty. */
export interface StackColumns {
  readonly count: number;
  readonly start: Uint32Array;
  readonly locations: Uint32Array;
}
