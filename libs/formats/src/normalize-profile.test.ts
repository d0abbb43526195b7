import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stackAt } from '@flamelake/testkit';
import { withoutTypeParameters } from './function-names.ts';
import { type NormalizedProfile, normalizeProfile, type Pprof, stringAt } from './index.ts';

/** A profile of one sample type whose samples are stacks of names, leaf first; each name is a function of its own file. */
function profileOf(stacks: readonly (readonly string[])[], file = 'main.go'): Pprof {
  const names = [...new Set(stacks.flat())];
  const texts = ['', file, ...names].map((text) => Buffer.from(text));
  const column = (length: number, of: (i: number) => number) => Uint32Array.from({ length }, (_, i) => of(i));
  const starts = (lengths: readonly number[]) => {
    const offsets = new Uint32Array(lengths.length + 1);
    for (const [i, length] of lengths.entries()) offsets[i + 1] = offsets[i] + length;
    return offsets;
  };
  const { length } = names;
  return {
    symbols: {
      strings: { count: texts.length, bytes: Buffer.concat(texts), offsets: starts(texts.map((text) => text.length)) },
      functions: {
        count: length,
        name: column(length, (i) => i + 2),
        systemName: column(length, (i) => i + 2),
        filename: column(length, () => 1),
        startLine: new Int32Array(length),
      },
      mappings: {
        count: 0,
        memoryStart: new BigUint64Array(),
        memoryLimit: new BigUint64Array(),
        fileOffset: new BigUint64Array(),
        filename: new Uint32Array(),
        buildId: new Uint32Array(),
        flags: new Uint8Array(),
      },
      locations: {
        count: length,
        mapping: new Uint32Array(length),
        address: BigUint64Array.from(names, (_, i) => BigInt(i + 1) as never),
        lineStart: column(length + 1, (i) => i),
        lineFunction: column(length, (i) => i),
        lineNumber: new Int32Array(length),
      },
    },
    sampleTypes: [{ type: 'cpu', unit: 'nanoseconds' }],
    periodType: undefined,
    period: 0n,
    timeNanos: 0n,
    durationNanos: 0n,
    stacks: {
      count: stacks.length,
      start: starts(stacks.map((stack) => stack.length)),
      locations: Uint32Array.from(stacks.flat(), (name) => names.indexOf(name)),
    },
    sampleCount: stacks.length,
    values: BigInt64Array.from(stacks, () => 1n),
    labels: {
      start: new Uint32Array(stacks.length + 1),
      key: new Uint32Array(),
      text: new Uint32Array(),
      number: new BigInt64Array(),
      numberUnit: new Uint32Array(),
    },
    comments: [],
    defaultSampleType: '',
  };
}

/** Each stack as names, leaf first, with its value. */
function stacksOf({ groups, stacks, symbols }: NormalizedProfile): [string[], bigint][] {
  const { strings, functions, locations } = symbols;
  return groups.flatMap(({ stack, values }) =>
    Array.from(stack, (index, i): [string[], bigint] => {
      const nameOf = (location: number) =>
        stringAt(strings, functions.name[locations.lineFunction[locations.lineStart[location]]]);
      return [stackAt(stacks, index).map(nameOf), values[i]];
    }),
  );
}

test('a stack at the depth limit stays, a deeper one keeps its root side under a frame that says so', () => {
  const deep = normalizeProfile(
    profileOf([
      ['d', 'c', 'b', 'a'],
      ['c', 'b', 'a'],
      ['e', 'd', 'c', 'b', 'a'],
    ]),
    {
      stackDepthMax: 3,
    },
  );
  assert.deepEqual(stacksOf(deep), [
    [['[truncated]', 'b', 'a'], 2n],
    [['c', 'b', 'a'], 1n],
  ]);
  assert.equal(deep.counts.truncatedStacks, 2);
  assert.equal(deep.symbols.functions.count, 4);
});

test('inlined functions count as frames, and a location that alone is too deep is cut whole', () => {
  const pprof = profileOf([['a', 'b', 'c']]);
  const inlined = { ...pprof.symbols.locations, lineStart: Uint32Array.of(0, 3, 3, 3), address: new BigUint64Array(3) };
  const one = {
    ...pprof,
    symbols: { ...pprof.symbols, locations: inlined },
    stacks: { ...pprof.stacks, start: Uint32Array.of(0, 1) },
  };
  assert.equal(normalizeProfile(one, { stackDepthMax: 3 }).counts.truncatedStacks, 0);
  assert.deepEqual(stacksOf(normalizeProfile(one, { stackDepthMax: 2 })), [[['[truncated]'], 1n]]);
});

test('the tail of a long string is kept, from a whole character on', () => {
  const cut = normalizeProfile(profileOf([['xéabc', 'short']]), { stringBytesMax: 5 });
  assert.deepEqual(stacksOf(cut), [[['éabc', 'short'], 1n]]);
  const inside = normalizeProfile(profileOf([['xéabc']], ''), { stringBytesMax: 4 });
  assert.deepEqual(stacksOf(inside), [[['abc'], 1n]]);
  assert.equal(inside.counts.truncatedStrings, 1);
});

test('instances of a Go function are one function; brackets elsewhere stay', () => {
  const stacks = [
    ['Map[go.shape.int]', 'main'],
    ['Map[go.shape.[]string]', 'main'],
    ['Map[...]', 'main'],
  ];
  assert.deepEqual(stacksOf(normalizeProfile(profileOf(stacks))), [[['Map', 'main'], 3n]]);
  assert.equal(stacksOf(normalizeProfile(profileOf(stacks, 'Main.java'))).length, 3);
});

test('type parameters are cut where they are balanced and not empty', () => {
  const cases = {
    'slices.SortFunc[...]': 'slices.SortFunc',
    'main.(*Cache[go.shape.string,go.shape.[]int]).Get': 'main.(*Cache).Get',
    'a[b]c[d]': 'ac',
    'String[]': 'String[]',
    'open[': 'open[',
    'close]': 'close]',
    'open[[x]': 'open[[x]',
    plain: 'plain',
  };
  for (const [name, wanted] of Object.entries(cases)) {
    assert.equal(Buffer.from(withoutTypeParameters(Buffer.from(name))).toString(), wanted);
  }
});

test('file names go in front of names when asked for', () => {
  const names = (file: string, filenamesInNames: 'none' | 'relative' | 'all') =>
    stacksOf(normalizeProfile(profileOf([['run']], file), { filenamesInNames }))[0][0];
  assert.deepEqual(names('app.py', 'none'), ['run']);
  assert.deepEqual(names('app.py', 'relative'), ['app.py run']);
  assert.deepEqual(names('/usr/lib/app.py', 'relative'), ['run']);
  assert.deepEqual(names('/usr/lib/app.rb', 'all'), ['/usr/lib/app.rb run']);
  assert.deepEqual(names('', 'all'), ['run']);
});

test('a sum is exact up to int64 and refused beyond', () => {
  const two = profileOf([['a'], ['a']]);
  const largest = 2n ** 63n - 1n;
  const full = normalizeProfile({ ...two, values: BigInt64Array.of(largest - 2n ** 40n, 2n ** 40n) });
  assert.deepEqual([...full.totals], [largest]);
  assert.deepEqual(stacksOf(full), [[['a'], largest]]);
  assert.throws(() => normalizeProfile({ ...two, values: BigInt64Array.of(largest, 1n) }), {
    code: 'invalid_argument',
    message: 'sum of values leaves int64',
    details: { type: 'cpu', unit: 'nanoseconds', total: 2n ** 63n },
  });
});

test('sample types that cannot be stored are refused', () => {
  const pprof = profileOf([['a']]);
  const cpu = { type: 'cpu', unit: 'nanoseconds' };
  for (const sampleTypes of [[{ ...cpu, type: 'cpu-time' }], [cpu, cpu]]) {
    assert.throws(() => normalizeProfile({ ...pprof, sampleTypes }), { code: 'invalid_argument' });
  }
});
