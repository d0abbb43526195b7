/** What reading one partition of the store gathers. Begun again when a sweep takes away what is being read. */
import type { IdentityWindow, PartitionRoot } from '@flamelake/catalog';
import { createFindings, type Findings } from './findings.ts';
import type { OffsetDigests } from './offset-digests.ts';
import type { ServerAnswer, ServerAnswers } from './server-answers.ts';
import type { Totals } from './totals.ts';

/** How the log that is to be compared takes part. */
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
  readonly comparison: LogComparison | undefined;
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
  comparison: LogComparison | undefined,
): PartitionReading {
  return {
    root,
    findings: createFindings(),
    totals: new Map(),
    answers,
    expected: new Map(),
    comparison,
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
export function digestsOf({ root, comparison }: PartitionReading): OffsetDigests | undefined {
  const isOfLog = comparison?.root.logId === root.logId && comparison.root.partition === root.partition;
  return isOfLog ? comparison.digests : undefined;
}
