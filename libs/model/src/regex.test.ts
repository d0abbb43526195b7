import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RE2JS } from 're2js';
import { compileRegex } from './regex.ts';

const cases: readonly (readonly [pattern: string, matching: readonly string[], other: readonly string[]])[] = [
  ['', [''], ['a']],
  ['abc', ['abc'], ['', 'ab', 'abcd', 'xabc']],
  ['a|b', ['a', 'b'], ['', 'a|b', 'ab']],
  ['a||b', ['a', '', 'b'], ['ab']],
  ['.*', ['', 'a', 'a\nb'], []],
  ['.+', ['a', '😀', '\n'], ['']],
  ['.+.+', ['ab', '😀x'], ['', 'a', '😀']],
  ['ab.*', ['ab', 'abc', 'ab\n'], ['', 'a', 'xab']],
  ['ab.+', ['abc', 'ab😀'], ['ab', 'xab']],
  ['.*ab', ['ab', 'xab'], ['abx', '']],
  ['.+ab', ['xab', 'abab'], ['ab']],
  ['.*ab.*', ['ab', 'xaby'], ['a', '']],
  ['.+ab.+', ['xaby', 'ababx'], ['ab', 'aby', 'xab']],
  ['(?i)ABC', ['abc', 'aBc'], ['abcd']],
  ['a.c', ['abc', 'a\nc', 'a😀c'], ['ac']],
  ['(?-s)a.c', ['abc'], ['a\nc']],
  ['a$', ['a'], ['a\n', 'ab']],
  ['^a', ['a'], ['ba', 'ab']],
  [String.raw`a\.b`, ['a.b'], ['axb']],
  [String.raw`\Qa.b\E`, ['a.b'], ['axb']],
  [String.raw`\pL+`, ['é', 'abc'], ['1']],
  ['a|b.*', ['a', 'b', 'bc'], ['ac']],
  ['[^a]{2,3}', ['bb', 'bbb'], ['b', 'ab', 'bbbb']],
  ['[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', ['0123abcd-0123-4567-89ab-0123456789ab'], ['0123abcd']],
];

for (const [pattern, matching, other] of cases) {
  test(`${JSON.stringify(pattern)} is anchored at both ends`, () => {
    const regex = compileRegex(pattern);
    for (const text of matching) assert.equal(regex.test(text), true, JSON.stringify(text));
    for (const text of other) assert.equal(regex.test(text), false, JSON.stringify(text));
    for (const text of regex.literals ?? []) assert(regex.test(text));
  });
}

const hostile: readonly (readonly [pattern: string, repeated: string, end: string])[] = [
  ['(a+)+$', 'a', '!'],
  ['(x+x+)+y', 'x', ''],
  ['(a|a)*b', 'a', 'c'],
  ['(.*)*(.*)*(.*)*=', '-', ''],
  ['(a?){50}a{50}', 'a', 'b'],
];

// A backtracking matcher needs 2^100,000 steps here: that the test ends at all shows it does not backtrack.
for (const [pattern, repeated, end] of hostile) {
  test(`hostile pattern ${pattern} ends on 100,000 characters`, () => {
    assert.equal(compileRegex(pattern).test(repeated.repeat(100_000) + end), false);
  });

  test(`hostile pattern ${pattern} reads every character a bounded number of times`, () => {
    const regex = RE2JS.compile(pattern, RE2JS.DOTALL);
    const [once, twice] = [5_000, 10_000].map((length) => {
      let reads = 0;
      const bytes = new Proxy([...Buffer.from(repeated.repeat(length) + end)], {
        get(target, key, receiver) {
          if (typeof key === 'string' && /^\d/.test(key)) reads++;
          return Reflect.get(target, key, receiver) as unknown;
        },
      });
      assert.equal(regex.testExact(bytes), false);
      return reads;
    }) as [number, number];
    assert(once >= 50, `the engine must be seen reading, saw ${once}`);
    assert(twice <= 2 * once + 100, `${once} reads for 5,000 characters, ${twice} for 10,000`);
    assert(twice <= 40_000, `${twice} reads for 10,000 characters`);
  });
}

test('what is too large or no RE2 is refused before it costs anything', () => {
  const refused = [
    '(',
    '[a',
    'a**b(',
    '(?=a)',
    '(?<!a)b',
    String.raw`(a)\1`,
    'a{1001}',
    '(a{500}){500}',
    '((((a{30}){30}){30}){30}){30}',
    '(a{1000}b{1000}){50}',
    'x?'.repeat(9_000),
    '('.repeat(2_000) + ')'.repeat(2_000),
  ];
  for (const pattern of refused) {
    assert.throws(() => compileRegex(pattern), { code: 'invalid_argument' }, pattern.slice(0, 40));
  }
});

test('a long alternation of literals is served by a set', () => {
  const names = Array.from({ length: 5_000 }, (_, i) => `service-${i}`);
  const regex = compileRegex(names.join('|'));
  assert.equal(regex.literals?.length, 5_000);
  assert(regex.test('service-4999'));
  assert(!regex.test('service-5000'));
});
