/** Matching label sets against selectors. A label that is missing counts as `''`. */
import { type Labels, labelValue } from './labels.ts';
import { compileRegex } from './regex.ts';
import type { LabelMatcher } from './selector.ts';

/** A matcher ready for many values. */
export interface CompiledMatcher extends LabelMatcher {
  /** Whether a value of the label passes; `''` stands for a missing label. */
  test(value: string): boolean;
  /** The only values that pass, where these are few and known (`=`, alternations of literals): for pruning. */
  readonly values: readonly string[] | undefined;
}

/** @throws {FlamelakeError} `invalid_argument` on a bad regular expression; none for matchers from `parseSelector` */
export function compileMatchers(matchers: readonly LabelMatcher[]): CompiledMatcher[] {
  return matchers.map(({ name, op, value }) => {
    if (op === '=') return { name, op, value, test: (v) => v === value, values: [value] };
    if (op === '!=') return { name, op, value, test: (v) => v !== value, values: undefined };
    const regex = compileRegex(value);
    if (op === '=~') return { name, op, value, test: (v) => regex.test(v), values: regex.literals };
    return { name, op, value, test: (v) => !regex.test(v), values: undefined };
  });
}

/** Whether every matcher passes. */
export function matchLabels(matchers: readonly CompiledMatcher[], labels: Labels): boolean {
  for (const matcher of matchers) if (!matcher.test(labelValue(labels, matcher.name))) return false;
  return true;
}

/** Writes a selector that `parseSelector` reads back as the same matchers, in the same order. */
export function formatSelector(matchers: readonly LabelMatcher[]): string {
  const parts = matchers.map(({ name, op, value }) => {
    const isPlain = /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name);
    return `${isPlain ? name : quote(name)}${op}${quote(value)}`;
  });
  return `{${parts.join(',')}}`;
}

function quote(text: string): string {
  const escaped = text.replaceAll(/["\\\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`));
  return `"${escaped}"`;
}
