/**
 * Probabilistic sampling: of profiles that are not drawn only totals are kept, under one frame that says so and a label, so that
 * every total stays exact while the stacks – most of the bytes – are gone. A profile's identity decides: a resend is drawn alike.
 */
import { type ProfileRecord, type SampleGroup, stackSymbols } from '@flamelake/formats';
import { type CompiledMatcher, compileMatchers, LABEL, matchLabels, parseSelector, sortLabels } from '@flamelake/model';
import type { SamplingRule } from './policies.ts';

const SAMPLED_LABEL = { name: '__sampled__', value: 'true' } as const;
const FRAME = '[sampled out]';
const TWO_32 = 0x1_0000_0000;

interface CompiledRule {
  readonly matchers: readonly CompiledMatcher[];
  readonly probability: number;
}

const compiled = new WeakMap<readonly SamplingRule[], readonly CompiledRule[]>();

/** @returns the same record when its stacks are kept */
export function sampleRecord(record: ProfileRecord, rules: readonly SamplingRule[]): ProfileRecord {
  if (rules.length === 0) return record;
  const name = { name: LABEL.metricName, value: record.types[0]?.name ?? '' };
  // Groups of one profile differ in sample labels alone: what it is decides for all.
  const labels = sortLabels([...(record.groups[0]?.labels ?? []), name]);
  const rule = compiledRules(rules).find(({ matchers }) => matchLabels(matchers, labels));
  return rule === undefined || fractionOf(record.identity) < rule.probability ? record : stripped(record);
}

/** A number in [0, 1) that the identity alone decides. */
function fractionOf(identity: Uint8Array): number {
  const view = new DataView(identity.buffer, identity.byteOffset, identity.length);
  // Not the first bytes: partitions may be chosen by those.
  return view.getUint32(identity.length - 4) / TWO_32;
}

function compiledRules(rules: readonly SamplingRule[]): readonly CompiledRule[] {
  const known =
    compiled.get(rules) ??
    rules.map(({ selector, probability }) => ({ matchers: compileMatchers(parseSelector(selector)), probability }));
  compiled.set(rules, known);
  return known;
}

function stripped(record: ProfileRecord): ProfileRecord {
  const { types } = record;
  return {
    ...record,
    symbols: FRAME_SYMBOLS,
    stacks: { count: 2, parent: Uint32Array.of(0, 0), location: Uint32Array.of(0, 0) },
    groups: record.groups.map((group) => totalOf(group, types.length)),
  };
}

function totalOf({ labels, sampleCount, values }: SampleGroup, typeCount: number): SampleGroup {
  const totals = new BigInt64Array(typeCount);
  for (let t = 0; t < typeCount; t++) {
    for (let s = t * sampleCount; s < (t + 1) * sampleCount; s++) totals[t] = totals[t] + values[s];
  }
  return {
    labels: sortLabels([...labels, SAMPLED_LABEL]),
    sampleCount: 1,
    stack: Uint32Array.of(1),
    values: totals,
    spanIds: undefined,
    traceIds: undefined,
  };
}

const FRAME_BYTES = new Uint8Array(Buffer.from(FRAME));
const FRAME_SYMBOLS = stackSymbols(
  { count: 2, bytes: FRAME_BYTES, offsets: Uint32Array.of(0, 0, FRAME_BYTES.length) },
  { name: Uint32Array.of(1), filename: Uint32Array.of(0), line: Int32Array.of(0) },
);
