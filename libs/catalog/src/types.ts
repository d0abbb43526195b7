/**
 * What the catalog knows: manifests, and the snapshots that queries read.
 */
import type { BlockInfo, DatasetInfo, LogRange } from '@flamelake/block';

/** Root of one partition of one log incarnation: `logs/<log id>/partitions/<partition>/`. */
export interface PartitionRoot {
  readonly logId: string;
  readonly partition: number;
}

/** A live block as the manifest names it. */
export interface BlockEntry {
  /** Whole object key; begins with the version the making job started from. */
  readonly key: string;
  readonly id: string;
  readonly level: number;
  readonly sizeBytes: number;
  /** Last bytes it takes to open it, with its labels where these are few; absent where an earlier release wrote it. */
  readonly tailBytes?: number | undefined;
  readonly log: LogRange;
  readonly datasets: readonly DatasetInfo[];
}

/** Times of profiles, ms since 1970, both inclusive. */
export type TimeSpan = Pick<DatasetInfo, 'minTimeMs' | 'maxTimeMs'>;

/** A live block, as much of it as merges are planned by: when its profiles are of, in one span or many. */
export interface PlannedBlock extends Omit<BlockEntry, 'datasets'> {
  readonly datasets: readonly TimeSpan[];
}

/** Sums over the blocks of one level. */
export interface LevelSums {
  readonly level: number;
  readonly blocks: number;
  readonly bytes: number;
  /** Jobs that made them: their ranges of the log that differ. */
  readonly jobs: number;
}

/** Where a manifest has the live blocks of a day: in an index page (index-page.ts). */
export interface DayRef extends TimeSpan {
  /** Start of the day (UTC) that all profiles of these blocks are of; absent for blocks of several days. */
  readonly day?: number;
  /** Key of the page; begins with the version it extends. */
  readonly key: string;
  readonly sizeBytes: number;
  /** Latest append time of the blocks, and the highest end of their log ranges. */
  readonly lastAppendMs: number;
  readonly next: number;
  readonly levels: readonly LevelSums[];
}

/** Readers filter matching profiles at once; merges drop them. */
export interface PendingDelete {
  readonly id: string;
  readonly tenant: string;
  /** PromQL selector text. */
  readonly selector: string;
  /** Profile times, ms since 1970, half-open. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Version that added it. */
  readonly version: number;
  /** End of the chain at the time of the delete. */
  readonly chainEnd: number;
}

/** Exempts matching profiles from retention. */
export interface Pin {
  readonly id: string;
  readonly tenant: string;
  readonly selector: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Profiles of a tenant before this time are expired, whatever its retention by time says: it holds more bytes than it may. */
export interface SizeCut {
  readonly tenant: string;
  /** Whole hours, ms since 1970. */
  readonly beforeMs: number;
}

/** An object no longer live, and the version that dropped it. */
export interface DroppedObject {
  readonly key: string;
  readonly version: number;
}

/** Offsets of a log, half-open. */
export interface OffsetRange {
  readonly from: number;
  readonly until: number;
}

/** One immutable version of one partition's catalog. Version 0 is empty and never stored. */
export interface Manifest {
  readonly version: number;
  /** Log position folded so far: the chain behind it begins at this key. */
  readonly position: number;
  /** Running maximum of append time at `position`, ms since 1970; 0 before any record. */
  readonly lastAppendMs: number;
  /** When this log began, at the latest: append time at the end of its first segment; 0 before the first fold. */
  readonly firstAppendMs: number;
  /** Live blocks; those of `days` besides. */
  readonly blocks: readonly BlockEntry[];
  /** Live blocks in index pages, where they do not fit here; at least one when it is there. */
  readonly days?: readonly DayRef[] | undefined;
  /** Objects no longer live, index pages among them, with the version that dropped them. */
  readonly dropped: readonly DroppedObject[];
  readonly deletes: readonly PendingDelete[];
  /** Retention exemptions by id. */
  readonly pins: readonly Pin[];
  /** What retention by size has let expire, one a tenant; they only rise. */
  readonly cuts: readonly SizeCut[];
  /** Offsets of blocks that were dropped when nothing of them was left, in order: no block need hold these any more. */
  readonly expired: readonly OffsetRange[];
  /** Lowest version that is kept. */
  readonly floor: number;
  /** The last 64 commit ids, oldest first, this version's own at the end. */
  readonly commitIds: readonly string[];
}

/** A segment of the chain as a walk found it. */
export interface SegmentEntry {
  readonly key: string;
  readonly etag: string;
  readonly sizeBytes: number;
  /** As of a block. */
  readonly tailBytes: number;
  readonly info: BlockInfo;
}

/** State of one partition at one moment: one manifest and the chain behind it. */
export interface PartitionSnapshot {
  readonly root: PartitionRoot;
  readonly manifest: Manifest;
  readonly segments: readonly SegmentEntry[];
  /** End of the chain: first offset no segment covers. */
  readonly next: number;
}

/** What one query reads. */
export interface Snapshot {
  readonly partitions: readonly PartitionSnapshot[];
}
