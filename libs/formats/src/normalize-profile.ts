/**
 * What every pushed profile goes through before it has series labels: samples that say nothing are dropped, equal ones merged,
 * oversized stacks and strings cut, the rest split by sample labels. Nothing that is kept changes a total.
 *
 * Stacks that Go's own profilers cut are left as they came: which callers are missing can only be guessed.
 */
import { FlamelakeError } from '@flamelake/model';
import { keepSamples } from './keep-samples.ts';
import { groupByLabels } from './label-groups.ts';
import { mergeSamples } from './merge-samples.ts';
import type { NormalizedProfile } from './normalized-profile.ts';
import type { Pprof, ValueType } from './pprof.ts';
import { sampleStacks } from './sample-stacks.ts';
import { SymbolCompactor } from './symbol-compactor.ts';

const STACK_DEPTH_MAX = 1000;
const STRING_BYTES_MAX = 65_535;

export interface NormalizeOptions {
  /** Frames of a stack; 1,000 unless told. Deeper ones keep the root side under a frame `[truncated]`. */
  readonly stackDepthMax?: number;
  /** Bytes of a string; 65,535 unless told. Longer ones keep the tail. */
  readonly stringBytesMax?: number;
  /** Functions whose name becomes `<filename> <name>`: none unless told, those with a relative file name, or all that have one. */
  readonly filenamesInNames?: 'none' | 'relative' | 'all';
}

/**
 * @returns columns of their own memory
 * @throws {FlamelakeError} `invalid_argument` when a sample type is repeated or has a `-` in its name, or when the values of one
 *   sum to more than int64 holds
 */
export function normalizeProfile(pprof: Pprof, options: NormalizeOptions = {}): NormalizedProfile {
  checkSampleTypes(pprof.sampleTypes);
  const { kept, negative, zero, totals } = keepSamples(pprof);
  const compactor = new SymbolCompactor(pprof.symbols, {
    stringBytesMax: options.stringBytesMax ?? STRING_BYTES_MAX,
    filenamesInNames: options.filenamesInNames ?? 'none',
  });
  const { stacks, stack, truncated } = sampleStacks(pprof, kept, compactor, options.stackDepthMax ?? STACK_DEPTH_MAX);
  const labels = groupByLabels(pprof, kept);
  const groups = mergeSamples(pprof, kept, stack, labels);
  const { symbols, truncatedStrings } = compactor.finish();
  return {
    sampleTypes: pprof.sampleTypes,
    periodType: pprof.periodType,
    period: pprof.period,
    timeNanos: pprof.timeNanos,
    durationNanos: pprof.durationNanos,
    symbols,
    stacks,
    groups,
    totals,
    counts: {
      negativeSamples: negative,
      zeroSamples: zero,
      truncatedStacks: truncated,
      truncatedStrings,
      badSpanIds: labels.badIds,
    },
  };
}

function checkSampleTypes(types: readonly ValueType[]): void {
  const seen = new Set<string>();
  for (const { type, unit } of types) {
    if (type.includes('-')) {
      throw new FlamelakeError('invalid_argument', 'sample type must not contain a hyphen', { type, unit });
    }
    const key = JSON.stringify([type, unit]);
    if (seen.has(key)) throw new FlamelakeError('invalid_argument', 'sample type occurs twice', { type, unit });
    seen.add(key);
  }
}
