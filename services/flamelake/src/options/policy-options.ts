/** Options that say what is done to a tenant's profiles beside limiting them. */
import { FlamelakeError, parseRelabelRules, parseSelector } from '@flamelake/model';
import type { OptionTable } from './option.ts';

const GIB = 1024 ** 3;
const SAMPLING_RULES_MAX = 100;

/** Of the profiles whose series a selector matches, what part keeps its stacks. */
export interface SamplingRule {
  readonly selector: string;
  readonly probability: number;
}

export const POLICY_OPTIONS = {
  'limits.ingestion-burst': {
    perTenant: true,
    kind: 'bytes',
    min: 0,
    max: 1024 * GIB,
    default: 0,
    description: 'bytes a tenant may send at once beyond its rate; at least the largest profile counts',
  },
  'distributor.peers': {
    kind: 'text',
    default: '',
    description:
      'all distributors, among which ingestion rates are divided: host:port,host:port, dns:name:port or file:path; empty: each has the whole rate',
  },
  'limits.ingestion-relabeling-rules': {
    perTenant: true,
    kind: 'yaml',
    check: parseRelabelRules,
    default: '',
    description:
      'Prometheus relabelling of every series: [{action: drop, source_labels: [service_name], regex: noisy}]',
  },
  'limits.sample-type-relabeling-rules': {
    perTenant: true,
    kind: 'yaml',
    check: parseRelabelRules,
    default: '',
    description:
      'the same for sample types, which are __type__ and __unit__ there: [{action: drop, source_labels: [__type__], regex: alloc_.*}]',
  },
  'limits.sampling-rules': {
    perTenant: true,
    kind: 'yaml',
    check: parseSamplingRules,
    default: '',
    description:
      'share of profiles that keep their stacks, of the others totals are kept: [{selector: \'{service_name="noisy"}\', probability: 0.1}]',
  },
} as const satisfies OptionTable;

/** @throws {FlamelakeError} `invalid_argument` with the number of the rule, from 1, and what is wrong with it */
export function parseSamplingRules(content: unknown): SamplingRule[] {
  if (content === null || content === undefined) return [];
  if (!Array.isArray(content)) throw wrongRule(0, 'rules must be a list');
  if (content.length > SAMPLING_RULES_MAX) throw wrongRule(SAMPLING_RULES_MAX + 1, 'there are too many rules');
  return content.map((rule: unknown, i) => {
    if (typeof rule !== 'object' || rule === null) throw wrongRule(i + 1, 'rule must have keys');
    const unknown = Object.keys(rule).find((key) => key !== 'selector' && key !== 'probability');
    if (unknown !== undefined) throw wrongRule(i + 1, `${unknown} is no key; keys are selector and probability`);
    const { selector = '{}', probability } = rule as { readonly selector?: unknown; readonly probability?: unknown };
    if (typeof probability !== 'number' || !(probability >= 0 && probability <= 1)) {
      throw wrongRule(i + 1, 'probability must be a number from 0 to 1');
    }
    if (typeof selector !== 'string') throw wrongRule(i + 1, 'selector must be text');
    parseSelector(selector);
    return { selector, probability };
  });
}

function wrongRule(rule: number, problem: string): FlamelakeError {
  return new FlamelakeError('invalid_argument', 'sampling rule is wrong', { rule, problem });
}
