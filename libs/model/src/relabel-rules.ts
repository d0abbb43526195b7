/**
 * Prometheus relabelling: rules that rename, set, remove and map labels, and drop what they are told to
 * (prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config).
 */
import { createHash } from 'node:crypto';
import { FlamelakeError } from './error.ts';
import { compareBytes, type Label, type Labels, sortLabels } from './labels.ts';
import { type CapturingRegex, compileCapturingRegex } from './regex.ts';

export const RELABEL_ACTIONS = [
  'replace',
  'keep',
  'drop',
  'keepequal',
  'dropequal',
  'hashmod',
  'labelmap',
  'labeldrop',
  'labelkeep',
  'lowercase',
  'uppercase',
] as const;
export type RelabelAction = (typeof RELABEL_ACTIONS)[number];

/** A rule with everything said. Plain data. */
export interface RelabelRule {
  readonly action: RelabelAction;
  readonly sourceLabels: readonly string[];
  /** Between the values of the source labels. */
  readonly separator: string;
  /** RE2, anchored; its groups are `$1` or `${1}` in target label and replacement. */
  readonly regex: string;
  readonly targetLabel: string;
  readonly replacement: string;
  /** Of `hashmod`; 0 otherwise. */
  readonly modulus: number;
}

/** @returns the labels as the rules leave them, sorted; undefined when a rule drops them */
export type Relabeller = (labels: Labels) => Labels | undefined;

export const RELABEL_RULES_MAX = 1_000;
const MD5_HALF_BYTES = 8;

/**
 * Reads rules as YAML or JSON has them: a list of mappings, keys in snake_case or kebab-case.
 * @throws {FlamelakeError} `invalid_argument` with the number of the rule, from 1, and what is wrong with it
 */
export function parseRelabelRules(value: unknown): RelabelRule[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw wrongRule(0, 'rules must be a list');
  if (value.length > RELABEL_RULES_MAX) throw wrongRule(RELABEL_RULES_MAX + 1, 'there are too many rules');
  return value.map((rule: unknown, i) => parseRule(rule, i + 1));
}

/** @throws {FlamelakeError} `invalid_argument` on a regular expression that is none or too large */
export function compileRelabelRules(rules: readonly RelabelRule[]): Relabeller {
  const steps = rules.map(compileRule);
  return (labels) => {
    const values = new Map(labels.map(({ name, value }) => [name, value]));
    for (const step of steps) if (!step(values)) return undefined;
    return sortLabels(Array.from(values, ([name, value]): Label => ({ name, value })));
  };
}

/** Changes the labels in place; false drops them. */
type Step = (labels: Map<string, string>) => boolean;

const KEYS: Readonly<Record<string, keyof RelabelRule>> = {
  action: 'action',
  source_labels: 'sourceLabels',
  separator: 'separator',
  regex: 'regex',
  target_label: 'targetLabel',
  replacement: 'replacement',
  modulus: 'modulus',
};

function parseRule(value: unknown, number: number): RelabelRule {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrongRule(number, 'rule must have keys');
  const given: Partial<Record<keyof RelabelRule, unknown>> = {};
  for (const [key, content] of Object.entries(value)) {
    const name = key.replaceAll('-', '_');
    if (!Object.hasOwn(KEYS, name))
      throw wrongRule(number, 'rule has an unknown key', { key, known: Object.keys(KEYS).join(' ') });
    given[KEYS[name]] = content;
  }
  const text = (key: keyof RelabelRule, otherwise: string) => {
    const content = given[key] ?? otherwise;
    if (typeof content === 'string') return content;
    if (typeof content === 'number' || typeof content === 'boolean') return String(content);
    throw wrongRule(number, 'value must be text', { key });
  };
  const action = RELABEL_ACTIONS.find((known) => known === text('action', 'replace').toLowerCase());
  if (action === undefined) throw wrongRule(number, 'action is not known', { known: RELABEL_ACTIONS.join(' ') });
  const sources = given.sourceLabels ?? [];
  if (!Array.isArray(sources) || !sources.every((name) => typeof name === 'string')) {
    throw wrongRule(number, 'source_labels must be a list of names');
  }
  const modulus = given.modulus ?? 0;
  if (typeof modulus !== 'number' || !Number.isSafeInteger(modulus) || modulus < 0) {
    throw wrongRule(number, 'modulus must be a whole number');
  }
  const rule: RelabelRule = {
    action,
    sourceLabels: sources,
    separator: text('separator', ';'),
    regex: text('regex', '(.*)'),
    targetLabel: text('targetLabel', ''),
    replacement: text('replacement', '$1'),
    modulus,
  };
  checkRule(rule, number);
  return rule;
}

/** What the documentation demands of each action. */
function checkRule(rule: RelabelRule, number: number): void {
  const { action, targetLabel, sourceLabels, modulus, regex } = rule;
  const needsTarget = ['replace', 'hashmod', 'lowercase', 'uppercase', 'keepequal', 'dropequal'].includes(action);
  if (needsTarget && targetLabel === '') throw wrongRule(number, 'action needs a target_label', { action });
  if (action === 'hashmod' && modulus === 0) throw wrongRule(number, 'action needs a modulus above 0', { action });
  const needsSources = ['keepequal', 'dropequal'].includes(action);
  if (needsSources && sourceLabels.length === 0) throw wrongRule(number, 'action needs source_labels', { action });
  try {
    compileCapturingRegex(regex);
  } catch (cause) {
    const reason = cause instanceof FlamelakeError ? cause.message : 'unknown';
    throw wrongRule(number, 'regex cannot be read', { reason });
  }
}

function compileRule(rule: RelabelRule): Step {
  const { action, sourceLabels, separator, targetLabel, modulus } = rule;
  const regex = compileCapturingRegex(rule.regex);
  const joined = (labels: Map<string, string>) => sourceLabels.map((name) => labels.get(name) ?? '').join(separator);
  switch (action) {
    case 'keep':
      return (labels) => regex.test(joined(labels));
    case 'drop':
      return (labels) => !regex.test(joined(labels));
    case 'keepequal':
      return (labels) => joined(labels) === (labels.get(targetLabel) ?? '');
    case 'dropequal':
      return (labels) => joined(labels) !== (labels.get(targetLabel) ?? '');
    case 'replace':
      return replacing(rule, regex, joined);
    case 'hashmod':
      return setting(targetLabel, (labels) => hashMod(joined(labels), modulus));
    case 'lowercase':
      return setting(targetLabel, (labels) => joined(labels).toLowerCase());
    case 'uppercase':
      return setting(targetLabel, (labels) => joined(labels).toUpperCase());
    case 'labelmap':
      return (labels) => {
        // In the order of names: of several that become one the last stays.
        for (const [name, value] of [...labels].sort(([a], [b]) => compareBytes(a, b))) {
          const target = regex.expand(name, rule.replacement);
          if (target !== undefined) set(labels, target, value);
        }
        return true;
      };
    case 'labeldrop':
    case 'labelkeep':
      return (labels) => {
        for (const name of labels.keys()) {
          if (regex.test(name) === (action === 'labeldrop')) labels.delete(name);
        }
        return true;
      };
  }
}

function replacing(
  { targetLabel, replacement }: RelabelRule,
  regex: CapturingRegex,
  joined: (labels: Map<string, string>) => string,
): Step {
  return (labels) => {
    const text = joined(labels);
    const target = regex.expand(text, targetLabel);
    const value = regex.expand(text, replacement);
    if (target !== undefined && target !== '' && value !== undefined) set(labels, target, value);
    return true;
  };
}

function setting(target: string, value: (labels: Map<string, string>) => string): Step {
  return (labels) => {
    set(labels, target, value(labels));
    return true;
  };
}

/** An empty value is no label. */
function set(labels: Map<string, string>, name: string, value: string): void {
  if (name === '') return;
  if (value === '') labels.delete(name);
  else labels.set(name, value);
}

/** Prometheus takes the second half of MD5, big-endian. */
function hashMod(text: string, modulus: number): string {
  const digest = createHash('md5').update(text).digest();
  return (digest.readBigUInt64BE(MD5_HALF_BYTES) % BigInt(modulus)).toString();
}

function wrongRule(rule: number, problem: string, details: Readonly<Record<string, string>> = {}): FlamelakeError {
  return new FlamelakeError('invalid_argument', 'relabel rule is wrong', { rule, problem, ...details });
}
