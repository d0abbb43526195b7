/** Relabelling of targets, as Prometheus has it: rules in order, each reads labels and changes them or drops the target. */
import { createHash } from 'node:crypto';
import { RE2JS } from 're2js';
import type { LabelMap } from './scrape-config.ts';

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

export interface RelabelRule {
  readonly action: RelabelAction;
  readonly sourceLabels: readonly string[];
  readonly separator: string;
  /** Anchored at both ends. */
  readonly regex: RE2JS;
  readonly targetLabel: string;
  readonly replacement: string;
  readonly modulus: number;
}

/** @throws when the pattern is no RE2 pattern */
export function compileRule(pattern: string): RE2JS {
  return RE2JS.compile(`^(?s:${pattern})$`);
}

/** @returns undefined when a rule drops the target */
export function relabelTarget(labels: LabelMap, rules: readonly RelabelRule[]): LabelMap | undefined {
  const result = new Map(Object.entries(labels));
  for (const rule of rules) if (!apply(rule, result)) return undefined;
  return Object.fromEntries(result);
}

function apply(rule: RelabelRule, labels: Map<string, string>): boolean {
  const { regex, replacement, targetLabel } = rule;
  const source = rule.sourceLabels.map((name) => labels.get(name) ?? '').join(rule.separator);
  const put = (name: string, value: string) => void (value === '' ? labels.delete(name) : labels.set(name, value));
  switch (rule.action) {
    case 'keep':
      return regex.matches(source);
    case 'drop':
      return !regex.matches(source);
    case 'keepequal':
      return source === (labels.get(targetLabel) ?? '');
    case 'dropequal':
      return source !== (labels.get(targetLabel) ?? '');
    case 'replace': {
      const name = expand(regex, source, targetLabel);
      if (name !== undefined && name !== '') put(name, expand(regex, source, replacement) ?? '');
      return true;
    }
    case 'lowercase':
      put(targetLabel, source.toLowerCase());
      return true;
    case 'uppercase':
      put(targetLabel, source.toUpperCase());
      return true;
    case 'hashmod':
      put(targetLabel, String(createHash('md5').update(source).digest().readBigUInt64BE(8) % BigInt(rule.modulus)));
      return true;
    case 'labelmap':
      for (const [name, value] of Array.from(labels)) {
        const mapped = expand(regex, name, replacement);
        if (mapped !== undefined && mapped !== '') labels.set(mapped, value);
      }
      return true;
    case 'labeldrop':
      for (const name of labels.keys()) if (regex.matches(name)) labels.delete(name);
      return true;
    case 'labelkeep':
      for (const name of labels.keys()) if (!regex.matches(name)) labels.delete(name);
      return true;
  }
}

/** `$1`, `${1}`, `${name}` and `$$` of a template; undefined when the text does not match. */
function expand(regex: RE2JS, text: string, template: string): string | undefined {
  const matcher = regex.matcher(text);
  if (!matcher.matches()) return undefined;
  const group = (name: string): string => {
    if (!/^\d+$/.test(name)) return Object.hasOwn(regex.namedGroups(), name) ? (matcher.group(name) ?? '') : '';
    return Number(name) <= matcher.groupCount() ? (matcher.group(Number(name)) ?? '') : '';
  };
  return template.replace(/\$(?:\$|\{(\w+)\}|(\w+))/g, (all, braced?: string, bare?: string) =>
    all === '$$' ? '$' : group(braced ?? bare ?? ''),
  );
}
