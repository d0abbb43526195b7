/** Relabelling against a model that does each action in the plainest way, on patterns where RE2 and JavaScript agree. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileRelabelRules, parseRelabelRules, type RelabelRule, sortLabels } from './index.ts';
import { RELABEL_ACTIONS } from './relabel-rules.ts';

const name = fc.constantFrom('a', 'b', 'ab', '__name__', 'k8s.pod');
const value = fc.constantFrom('', 'x', 'y', 'xy', 'X;y', 'é\n', '$1');
const regex = fc.constantFrom('(.*)', 'x', '(x)(y)?', '.+', 'a.*', '(a|b)(.*)', '[^x]*', '', '(?P<n>.)(.*)', 'x|');
const replacement = fc.constantFrom('$1', '${1}z', '$2$1', '$$1', '', 'fix', '$n', '$1z', '$9', 'a$');
const rule = fc.record({
  action: fc.constantFrom(...RELABEL_ACTIONS),
  source_labels: fc.array(name, { minLength: 1, maxLength: 3 }),
  separator: fc.constantFrom(';', '', '-'),
  regex,
  target_label: fc.oneof(name, fc.constantFrom('$1', 't_$1')),
  replacement,
  modulus: fc.integer({ min: 1, max: 9 }),
});
const labels = fc.dictionary(
  name,
  value.filter((text) => text !== ''),
  { noNullPrototype: true },
);

test('rules agree with a naive model', () => {
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 4 }), labels, (drawn, given) => {
      const rules = parseRelabelRules(drawn);
      const sorted = sortLabels(Object.entries(given).map(([key, text]) => ({ name: key, value: text })));
      const found = compileRelabelRules(rules)(sorted);
      const expected = naive(rules, new Map(Object.entries(given)));
      assert.deepEqual(found && Object.fromEntries(found.map((label) => [label.name, label.value])), expected);
      assert.deepEqual(found, found && sortLabels(found));
    }),
    { numRuns: 3_000 },
  );
});

function naive(rules: readonly RelabelRule[], given: ReadonlyMap<string, string>): Record<string, string> | undefined {
  let all = new Map(given);
  for (const one of rules) {
    const text = one.sourceLabels.map((source) => all.get(source) ?? '').join(one.separator);
    const whole = new RegExp(`^(?:${one.regex.replaceAll('?P<', '?<')})$`, 'su');
    const own = all.get(one.targetLabel) ?? '';
    const matches = whole.test(text);
    if (one.action === 'keep' && !matches) return undefined;
    if (one.action === 'drop' && matches) return undefined;
    if (one.action === 'keepequal' && text !== own) return undefined;
    if (one.action === 'dropequal' && text === own) return undefined;
    if (one.action === 'labeldrop') all = new Map([...all].filter(([key]) => !whole.test(key)));
    if (one.action === 'labelkeep') all = new Map([...all].filter(([key]) => whole.test(key)));
    if (one.action === 'lowercase') put(all, one.targetLabel, text.toLowerCase());
    if (one.action === 'uppercase') put(all, one.targetLabel, text.toUpperCase());
    if (one.action === 'replace' && matches) {
      const target = fill(one.targetLabel, whole.exec(text));
      put(all, target, fill(one.replacement, whole.exec(text)));
    }
    if (one.action === 'labelmap') {
      for (const [key, content] of [...all].sort(([a], [b]) => (a < b ? -1 : 1))) {
        const found = whole.exec(key);
        if (found !== null) put(all, fill(one.replacement, found), content);
      }
    }
    if (one.action === 'hashmod') {
      const hex = createHash('md5').update(text).digest('hex').slice(16);
      put(all, one.targetLabel, String(BigInt(`0x${hex}`) % BigInt(one.modulus)));
    }
  }
  return Object.fromEntries(all);
}

function put(all: Map<string, string>, key: string, text: string): void {
  if (key === '') return;
  all.delete(key);
  if (text !== '') all.set(key, text);
}

/** Go's Expand, one character after the other. */
function fill(template: string, found: RegExpExecArray | null): string {
  let out = '';
  for (let i = 0; i < template.length; ) {
    if (template[i] !== '$') {
      out += template[i++];
      continue;
    }
    if (template[i + 1] === '$') {
      out += '$';
      i += 2;
      continue;
    }
    const rest = template.slice(i);
    const [whole, bare, braced] = /^\$(?:(\w+)|\{(\w+)\})/.exec(rest) ?? [];
    if (whole === undefined) {
      out += template[i++];
      continue;
    }
    const key = bare ?? braced;
    out += (/^\d+$/.test(key) ? found?.[Number(key)] : found?.groups?.[key]) ?? '';
    i += whole.length;
  }
  return out;
}
