/** What reading one partition of the store gathers. Begun again when a sweep takes away what is being read. */
import type { IdentityWindow, PartitionRoot } from '@flamelake/catalog';
import { createFindings, type Findings } from './findings.ts';
import type { OffsetDigests } from './offset-digests.ts';
import type { ServerAnswer, ServerAnswers } from './server-answers.ts';
import type { Totals } from './totals.ts';

/** How a partition of the log that is to be compared takes part. */
export interface LogComparison {
  readonly root: PartitionRoot;
  readonly digests: OffsetDigests;
  /** Identities seen before the offsets that are compared. */
  readonly window: IdentityWindow;
  readonly windowMs: number;
  /** When the first of those offsets was appended. */
  readonly firstAppendMs: number;
}

/** Sum of what an answer should have counted. */
export interface ExpectedAnswer {
  profiles: number;
  total: bigint;
}

export interface PartitionReading {
  readonly root: PartitionRoot;
  readonly findings: Findings;
  readonly totals: Totals;
  readonly answers: ServerAnswers;
  readonly expected: Map<ServerAnswer, ExpectedAnswer>;
  /** Partitions of the log, each to be compared with what the store holds of it. */
  readonly comparisons: readonly LogComparison[];
  version: number;
  blocks: number;
  segments: number;
  bytes: number;
  profiles: number;
  quarantined: number;
  /** End of the chain. */
  next: number;
  /** Something was missing: a sweep may have taken it meanwhile. */
  isMissingSome: boolean;
}

export function beginReading(
  root: PartitionRoot,
  answers: ServerAnswers,
  comparisons: readonly LogComparison[],
): PartitionReading {
  return {
    root,
    findings: createFindings(),
    totals: new Map(),
    answers,
    expected: new Map(),
    comparisons,
    version: 0,
    blocks: 0,
    segments: 0,
    bytes: 0,
    profiles: 0,
    quarantined: 0,
    next: 0,
    isMissingSome: false,
  };
}

/** What of the log this partition is compared with, if it is the one the log is of. */
export function digestsOf(reading: PartitionReading): OffsetDigests | undefined {
  return comparisonOf(reading)?.digests;
}

/** The log's own partition, if the log is the one this partition is of. */
export function comparisonOf({ root, comparisons }: PartitionReading): LogComparison | undefined {
  return comparisons.find((one) => one.root.logId === root.logId && one.root.partition === root.partition);
}

/** Partitions of other logs: profiles of this one may have been sent again to any of them. */
export function laterLogs({ root, comparisons }: PartitionReading): readonly LogComparison[] {
  return comparisons.filter((one) => one.root.logId !== root.logId);
}
