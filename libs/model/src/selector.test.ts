import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlamelakeError } from './error.ts';
import { compileMatchers, formatSelector, matchLabels } from './matcher.ts';
import { parseSelector, SELECTOR_LENGTH_MAX } from './selector.ts';

const read: readonly (readonly [text: string, canonical: string])[] = [
  ['{}', '{}'],
  [' {\n} # everything', '{}'],
  ['up', '{__name__="up"}'],
  ['job:rate5m', '{__name__="job:rate5m"}'],
  ['cpu{a="b"}', '{__name__="cpu",a="b"}'],
  ['{service_name="x",}', '{service_name="x"}'],
  [`{a='b',c!="d" , e=~\`r.+\`,f!~"re"}`, '{a="b",c!="d",e=~"r.+",f!~"re"}'],
  ['{"k8s.pod"="x"}', '{"k8s.pod"="x"}'],
  ['{"metric name", a="b"}', '{__name__="metric name",a="b"}'],
  ['{`m`,\'x\'="1"}', '{__name__="m",x="1"}'],
  ['{ # first\n a = "b" # second }\n , }', '{a="b"}'],
  ['{a="1",a!="2"}', '{a="1",a!="2"}'],
  ['{a="}{,#"}', '{a="}{,#"}'],
  [String.raw`{a="q\"\\\n\t\x41\101é\U0001F600"}`, '{a="q\\"\\\\\\n\tAAé😀"}'],
  [String.raw`{a='it\'s "x"'}`, '{a="it\'s \\"x\\""}'],
  [String.raw`{a="\xc3\xa9\303\251"}`, '{a="éé"}'],
  ['{a=`raw \\n\n`}', '{a="raw \\\\n\\n"}'],
  ['{_="", by="sum"}', '{_="",by="sum"}'],
];

for (const [text, canonical] of read) {
  test(`reads ${JSON.stringify(text)}`, () => {
    const matchers = parseSelector(text);
    assert.equal(formatSelector(matchers), canonical);
    assert.deepEqual(parseSelector(canonical), matchers);
  });
}

const refused: readonly (readonly [text: string, position: number, expected: RegExp])[] = [
  ['', 0, /metric name or \{/],
  ['  # nothing', 11, /metric name or \{/],
  ['{', 1, /label name or \}/],
  ['{,}', 1, /label name or \}/],
  ['{a="b",,}', 7, /label name or \}/],
  ['{a}', 2, /=, !=, =~ or !~/],
  ['{a=="b"}', 3, /quoted string/],
  ['{a=b}', 3, /quoted string/],
  ['{a="b" c="d"}', 7, /, or \}/],
  ['{a="b"}x', 7, /end of selector/],
  ['{a="b"} or {c="d"}', 8, /end of selector/],
  ['up up', 3, /\{ or end of selector/],
  ['{a:b="c"}', 2, /=, !=, =~ or !~/],
  ['{1a="c"}', 1, /label name or \}/],
  ['{k8s.pod="x"}', 4, /=, !=, =~ or !~/],
  ['{a="b', 3, /closing quote/],
  ['{a="b\n"}', 3, /closing quote/],
  ['{a="b\\"}', 3, /closing quote/],
  [String.raw`{a="\q"}`, 4, /one of/],
  [String.raw`{a="\'"}`, 4, /one of/],
  [String.raw`{a="\x4"}`, 4, /one of/],
  [String.raw`{a="\400"}`, 4, /one of/],
  [String.raw`{a="\ud800"}`, 4, /one of/],
  [String.raw`{a="\U00110000"}`, 4, /one of/],
  ['5m', 0, /metric name or \{/],
  ['{a="b"}[5m]', 7, /end of selector/],
];

for (const [text, position, expected] of refused) {
  test(`refuses ${JSON.stringify(text)} and says where`, () => {
    assert.throws(
      () => parseSelector(text),
      (error) => {
        assert(error instanceof FlamelakeError);
        assert.equal(error.code, 'invalid_argument');
        assert.equal(error.details.position, position);
        assert.match(String(error.details.expected), expected);
        return true;
      },
    );
  });
}

test('refuses bad and oversized regular expressions, and text over the limits', () => {
  const over = [
    '{a=~"("}',
    '{a=~"(?=x)"}',
    String.raw`{a=~"(a)\\1"}`,
    '{a=~"(a{1000}){1000}"}',
    `{a=~"${'(a*b)'.repeat(10_000)}"}`,
    String.raw`{a="\xff"}`,
    ' '.repeat(SELECTOR_LENGTH_MAX + 1),
    `{${'a="b",'.repeat(1_001)}}`,
  ];
  for (const text of over) {
    assert.throws(() => parseSelector(text), { code: 'invalid_argument' }, text.slice(0, 40));
  }
});

const labels = [
  { name: 'env', value: 'prod' },
  { name: 'pod', value: 'a-1' },
];
const outcomes: readonly (readonly [text: string, isMatch: boolean])[] = [
  ['{}', true],
  ['{env="prod"}', true],
  ['{env="pro"}', false],
  ['{env!="prod"}', false],
  ['{env=~"pro"}', false],
  ['{env=~"pro."}', true],
  ['{env=~"dev|prod"}', true],
  ['{env!~"dev|prod"}', false],
  ['{missing=""}', true],
  ['{missing!="y"}', true],
  ['{missing=~".*"}', true],
  ['{missing=~".+"}', false],
  ['{missing!~"x|"}', false],
  ['{env="prod",pod=~"b-.*"}', false],
  ['{env="prod",env!="dev",pod=~"a-[0-9]+"}', true],
];

for (const [text, isMatch] of outcomes) {
  test(`${text} ${isMatch ? 'matches' : 'does not match'} {env="prod",pod="a-1"}`, () => {
    assert.equal(matchLabels(compileMatchers(parseSelector(text)), labels), isMatch);
  });
}

test('values that can pass are known for literals only', () => {
  const compiled = compileMatchers(parseSelector('{a="x",b=~"y|z",c=~"w.*",d!="v",e!~"u"}'));
  assert.deepEqual(
    compiled.map((matcher) => matcher.values),
    [['x'], ['y', 'z'], undefined, undefined, undefined],
  );
});
