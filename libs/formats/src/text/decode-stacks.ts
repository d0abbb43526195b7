/** Formats that are stacks with one value each, without sample types: read by what the sender says their values count. */
import type { Label } from '@flamelake/model';
import type { NamedProfile } from '../named-profile.ts';
import { decodeFolded, decodeLines } from './decode-folded.ts';
import { decodePerf } from './decode-perf.ts';
import { decodeSpeedscope } from './decode-speedscope.ts';
import { decodeTree } from './decode-tree.ts';
import { decodeTrie } from './decode-trie.ts';
import { stackKind } from './stack-kind.ts';
import { framesOfStrings, nanosOfSample, stackProfile, stackSymbols, stackUnit } from './stack-profile.ts';
import { type StackLimits, StackSamples } from './stack-samples.ts';
import { StringTable } from './string-table.ts';
import { malformedText } from './text-lines.ts';

/** `groups` is folded text with counts. */
export type StackFormat = 'groups' | 'lines' | 'trie' | 'tree' | 'speedscope' | 'perf';

export interface DecodeStacksOptions extends StackLimits {
  /** What values count: a name that `stackKind` knows. */
  readonly kind: string;
  /** Samples of time a second, Hz; at 0 they stay counts. */
  readonly sampleRate: number;
}

/** The rate a sender states that has none of its own. */
const SAMPLE_RATE_DEFAULT = 100;
/** Nanoseconds of one, by unit of a speedscope profile. */
const UNIT_NANOS: ReadonlyMap<string, number> = new Map([
  ['nanoseconds', 1],
  ['microseconds', 1e3],
  ['milliseconds', 1e6],
  ['seconds', 1e9],
]);
/** Profiles times frames of a file: each profile is gone through with all frames. */
const FRAME_VISITS_MAX = 16_777_216;

/**
 * @param bytes - not compressed; not kept
 * @returns a profile, with no time of its own; several of a speedscope file of several
 * @throws {FlamelakeError} `invalid_argument` when the bytes are not of the format, the kind is unknown, or a limit is passed
 */
export function decodeStacks(bytes: Uint8Array, format: StackFormat, options: DecodeStacksOptions): NamedProfile[] {
  if (format === 'speedscope') return speedscopeProfiles(bytes, options);
  const kind = stackKind(options.kind);
  const strings = new StringTable();
  const samples = new StackSamples(options);
  let unit = stackUnit(kind, options.sampleRate);
  if (format === 'groups') decodeFolded(bytes, strings, samples);
  else if (format === 'lines') decodeLines(bytes, strings, samples);
  else if (format === 'tree') decodeTree(bytes, strings, samples);
  else if (format === 'trie') decodeTrie(bytes, strings, samples);
  // Clocks say how long each sample stands for.
  else if (decodePerf(bytes, strings, samples, unit.period > 0)) unit = { ...unit, scale: 1 };
  const table = strings.finish();
  const profile = stackProfile(stackSymbols(table, framesOfStrings(table)), samples, unit);
  return [{ name: kind.name, labels: [], profile }];
}

function speedscopeProfiles(
  bytes: Uint8Array,
  { kind: own, sampleRate, ...limits }: DecodeStacksOptions,
): NamedProfile[] {
  const { strings, frames, profiles } = decodeSpeedscope(bytes, limits);
  const visits = profiles.length * frames.name.length;
  if (visits > FRAME_VISITS_MAX) {
    throw malformedText('speedscope file has too many frames for so many profiles', {
      limit: FRAME_VISITS_MAX,
      visits,
    });
  }
  const symbols = stackSymbols(strings.finish(), frames);
  return profiles.map(({ name, unit, samples }) => {
    // A file of several has units that tell its profiles apart; one that says nothing is what the sender says.
    const kind = stackKind(profiles.length > 1 && unit !== 'none' ? unit : own);
    const { sampleType, period } = stackUnit(kind, sampleRate);
    const unitNanos = UNIT_NANOS.get(unit) ?? nanosOfSample(SAMPLE_RATE_DEFAULT);
    const factor = !kind.isTime ? 1 : sampleRate === SAMPLE_RATE_DEFAULT ? unitNanos : Math.max(1, period);
    const labels: Label[] = name === '' ? [] : [{ name: 'profile_name', value: name }];
    const profile = stackProfile(symbols, samples(factor), { sampleType, period: period === 0 ? 0 : factor, scale: 1 });
    return { name: kind.name, labels, profile };
  });
}
