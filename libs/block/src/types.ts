/**
 * What a block object holds, as its footer states it and as its sections read. See docs/block-format.md for the bytes.
 *
 * A block is one object: sections of each dataset (one service of one tenant), then block-wide sections
 * (identities, quarantine), then the footer. Segments are blocks of level 0.
 */

import type { FunctionColumns, LocationColumns, MappingColumns, StringColumn } from '@flamelake/formats';
import type { Labels, Memory, ProfileType } from '@flamelake/model';

/** Where a block's profiles came from in the log. */
export interface LogRange {
  readonly logId: string;
  readonly partition: number;
  /** Offsets `[position, next)`: a segment's key is `position`, the next segment's is `next`. */
  readonly position: number;
  readonly next: number;
  /** Running maximum of the log's append time up to `next`, ms since 1970; 0 before any record. */
  readonly lastAppendMs: number;
  /** Offsets missing from the log, as half-open ranges. */
  readonly gaps: readonly { readonly from: number; readonly until: number }[];
}

/** What the catalog and the planner know of a dataset without reading its sections. */
export interface DatasetInfo {
  readonly tenant: string;
  readonly service: string;
  /** Times of its profiles, ms since 1970, both inclusive. */
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  /** Sorted, unique profile type ids. */
  readonly profileTypes: readonly string[];
  /** Bytes of its sections in the object. */
  readonly sizeBytes: number;
}

/** Everything a footer says but the places of the sections. */
export interface BlockInfo {
  /** 32 lower-case hex digits, random. */
  readonly id: string;
  readonly level: number;
  readonly log: LogRange;
  readonly datasets: readonly DatasetInfo[];
}

/** Identities a block holds, for recognising resends: 16 bytes each, with the offset of the record that carried it. */
export interface IdentityColumns {
  readonly count: number;
  readonly ids: Uint8Array;
  readonly offsets: Float64Array;
}

/** A record that could not be decoded, kept as it came. */
export interface QuarantinedRecord {
  readonly offset: number;
  readonly reason: string;
  readonly value: Uint8Array;
}

/** Rows `[from, until)` of a dataset's profiles. */
export interface RowRange {
  readonly from: number;
  readonly until: number;
}

/** One series: a label set with a profile type. Series are sorted by type, and so are their rows. */
export interface Series {
  /** All labels, those made from the profile type included. */
  readonly labels: Labels;
  readonly type: ProfileType;
  /** Rows of its profiles. */
  readonly rows: RowRange;
}

/** Profiles of a dataset, sorted by (series, time, identity). Only rows that were asked for have a meaning. */
export interface ProfileColumns {
  readonly count: number;
  /** Index into the dataset's series. */
  readonly series: Uint32Array;
  /** Rows with equal numbers, below `count`, are of the same pushed profile. */
  readonly push: Uint32Array;
  readonly timeMs: Float64Array;
  readonly durationNanos: Float64Array;
  readonly period: BigInt64Array;
  /** Exact sum of the row's sample values. */
  readonly total: BigInt64Array;
  /** Rows with equal numbers have the same stacktraces (and spans), in the same order: sample types of one label set. */
  readonly stackList: Uint32Array;
  /** Index into the block's identities. */
  readonly identity: Uint32Array;
  /** Which label set of the pushed profile the row is of; with the identity it makes the profile id. */
  readonly group: Uint32Array;
}

/** All samples of a dataset; within a row stacktraces ascend, equal ones are neighbours. */
export interface SampleColumns {
  readonly count: number;
  /** Row `i`'s samples are `[start[i], start[i + 1])`. */
  readonly start: Uint32Array;
  /** Node of the stacktrace tree. */
  readonly stacktrace: Uint32Array;
  readonly value: BigInt64Array;
}

/**
 * Called with the samples of a row where they are stored, as rows share them: sample `i` of `count` is at
 * `stacktraces[stackFrom + i]` of the tree, and its value is value `valueFrom + i` × `unit`.
 * @param values - 32 bit halves, low first; kept by the reader like `stacktraces`, not to be changed
 */
export type VisitSamples = (
  row: number,
  stacktraces: Uint32Array,
  stackFrom: number,
  values: Uint32Array,
  valueFrom: number,
  count: number,
  unit: number,
) => void;

/** Spans of samples; absent from datasets without any. */
export interface SpanColumns {
  /** By sample, 0 for none. */
  readonly spanIds: BigUint64Array;
  /** 16 bytes by sample, or undefined when no sample has one. */
  readonly traceIds: Uint8Array | undefined;
}

/** When samples were taken; absent from datasets that do not know. */
export interface TimeColumns {
  /** By list of stacktraces: number of its first element; element `k` belongs to sample `k` of each row that names the list. */
  readonly firstElement: Uint32Array;
  /** Times of element `i` are `[start[i], start[i + 1])`. */
  readonly start: Uint32Array;
  /** ms from the time of the row's profile, ascending within an element. */
  readonly offsetMs: Int32Array;
}

/** Stacktrace tree: node 0 is the root (the empty stack), every parent has a smaller number than its children. */
export interface TreeColumns {
  readonly count: number;
  readonly parent: Uint32Array;
  /** Location of the frame; unused for node 0. */
  readonly location: Uint32Array;
}

/** All values of a profile type in one window of profile time, added up by stack. */
export interface StackTotals {
  readonly startMs: number;
  readonly widthMs: number;
  readonly profileCount: number;
  /** Exact sum of the values. */
  readonly total: bigint;
  /** Nodes of the stacktrace tree, ascending, in pieces. */
  readonly stacks: readonly { readonly stacktrace: Uint32Array; readonly value: BigInt64Array }[];
}

/** Reads a block object by ranges. */
export interface BlockSource {
  /** Names the object in errors. */
  readonly key: string;
  readonly sizeBytes: number;
  /** @throws {FlamelakeError} `not_found` when the object is gone or is another one */
  read(offset: number, lengthBytes: number, signal?: AbortSignal): Promise<Uint8Array>;
}

/** Sections of a dataset that can be asked for. */
export type SectionName =
  | 'strings'
  | 'functions'
  | 'locations'
  | 'mappings'
  | 'tree'
  | 'series'
  | 'profiles'
  | 'samples'
  | 'spans'
  | 'times';

/** One dataset of an open block; each section is fetched, checked and decoded at its first use and kept while the reader lives. */
export interface DatasetReader {
  readonly info: DatasetInfo;
  /**
   * Fetches several sections in as few ranged reads as possible.
   * @param rows - of profiles and samples, only the pages that hold these rows
   */
  load(sections: readonly SectionName[], signal?: AbortSignal, rows?: readonly RowRange[]): Promise<void>;
  series(): Promise<readonly Series[]>;
  /** @param rows - decodes only the pages that hold these rows; what was decoded before stays */
  profiles(rows?: readonly RowRange[]): Promise<ProfileColumns>;
  samples(): Promise<SampleColumns>;
  /** Visits the samples of rows, in their order, decoding only the pages that hold them. */
  visitSamples(rows: readonly RowRange[], visit: VisitSamples): Promise<void>;
  spans(): Promise<SpanColumns | undefined>;
  times(): Promise<TimeColumns | undefined>;
  /**
   * Totals of a profile type that hold all its profiles here, each in one window.
   * @param beside - sections that are fetched with them
   * @returns undefined when the dataset has none of this type
   * @throws {FlamelakeError} `data_loss` also when values do not add up
   */
  totals(
    profileTypeId: string,
    beside: readonly SectionName[],
    signal?: AbortSignal,
  ): Promise<readonly StackTotals[] | undefined>;
  tree(): Promise<TreeColumns>;
  strings(): Promise<StringColumn>;
  functions(): Promise<FunctionColumns>;
  locations(): Promise<LocationColumns>;
  mappings(): Promise<MappingColumns>;
}

/** An open block: its footer is read, nothing else. */
export interface BlockReader {
  readonly info: BlockInfo;
  readonly source: BlockSource;
  /** Last bytes of the object that it takes to open it, with its labels where these are few. */
  readonly tailBytes: number;
  /** Kept by the block, with all that was read of it. */
  dataset(index: number): DatasetReader;
  /**
   * The same, kept by the caller alone: for who reads a large block once, a dataset at a time.
   * @param memory - what it holds is taken from it; the block's if absent
   */
  openDataset(index: number, memory?: Memory): DatasetReader;
  /**
   * Fetches the series of datasets in few reads, of the block's labels where it has them: to read them one by one then costs no request.
   * A hint; what it leaves out is read when it is asked for.
   */
  fetchSeries(indexes: readonly number[], signal?: AbortSignal): Promise<void>;
  /**
   * Reads the block's labels, and the series of its datasets beside.
   * @throws {FlamelakeError} `data_loss` where they differ
   */
  checkLabels(): Promise<void>;
  readonly identityCount: number;
  identities(): Promise<IdentityColumns>;
  /** The same, read anew and kept by the caller alone. */
  readIdentities(): Promise<IdentityColumns>;
  quarantine(): Promise<readonly QuarantinedRecord[]>;
}
