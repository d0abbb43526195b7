/** How blocks are merged: what is enough for a job, and how much a job may hold. */
import { identityWindowMs } from './identity-rules.ts';

export interface MergeRules {
  /** Blocks of level 1 that make a job. */
  readonly blocksPerMerge: number;
  /** Most blocks and bytes that one job reads. */
  readonly inputsMax: number;
  readonly inputBytesMax: number;
  /** Width of a block of level 2 and of level 3 in profile time, ms. The first divides the second. */
  readonly hourMs: number;
  readonly dayMs: number;
  /**
   * Hours that one block of level 2 holds while all that is known of them is smaller than `smallSpanBytes`: hours of their own would be many
   * small objects. Blocks span single hours where this does not divide a day.
   */
  readonly spanHours: number;
  readonly smallSpanBytes: number;
  /** How long after its end a window is merged into one block, ms: most of what comes late has come. */
  readonly graceMs: number;
  /** Windows that a job opens; what is outside goes into a late block. */
  readonly windowsMax: number;
  /** Bytes of a tenant's share of a window from which on it gets blocks of its own; smaller blocks are small. */
  readonly ownBlockBytes: number;
  /** Datasets of an output, from which on the next one is begun: a reader of one has to read the names of all. */
  readonly datasetsMax: number;
  /** Small blocks of one day, or late ones, that are merged again. */
  readonly smallBlocksMax: number;
  /** Identities without a profile are kept for so long, by the log's clock; blocks are merged to days after it. */
  readonly identityWindowMs: number;
  /** Memory that a job may hold, whatever it reads, bytes. */
  readonly memoryBytes: number;
}

/** Longest time that any writer remembers identities for, whatever it is configured to. */
const IDENTITY_WINDOW_MS_MAX = identityWindowMs({ ingestionWindowMs: Number.POSITIVE_INFINITY });

export const MERGE_RULES_DEFAULT: MergeRules = {
  blocksPerMerge: 16,
  inputsMax: 256,
  inputBytesMax: 536_870_912,
  hourMs: 3_600_000,
  dayMs: 86_400_000,
  spanHours: 4,
  smallSpanBytes: 4_194_304,
  graceMs: 900_000,
  windowsMax: 6,
  ownBlockBytes: 8_388_608,
  datasetsMax: 16_384,
  smallBlocksMax: 8,
  identityWindowMs: IDENTITY_WINDOW_MS_MAX,
  memoryBytes: 201_326_592,
};

/** Part of a job's memory that a block being built may hold before it is ended: encoding it takes three times as much. */
export const BUILT_PART = 1 / 6;

/** Which totals a block of a level has. */
export function totalsOf(level: number, { hourMs, dayMs }: MergeRules): { readonly totalsMs?: number } {
  if (level < 2) return {};
  return { totalsMs: level === 2 ? hourMs : dayMs };
}
