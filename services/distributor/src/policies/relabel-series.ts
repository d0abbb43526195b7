/** A tenant's relabelling rules, compiled once for as long as they stay. */
import { compileRelabelRules, type Relabeller, type RelabelRule } from '@flamelake/model';

const compiled = new WeakMap<readonly RelabelRule[], Relabeller>();

/** @returns undefined when there are no rules */
export function relabellerOf(rules: readonly RelabelRule[]): Relabeller | undefined {
  if (rules.length === 0) return undefined;
  const relabeller = compiled.get(rules) ?? compileRelabelRules(rules);
  compiled.set(rules, relabeller);
  return relabeller;
}
