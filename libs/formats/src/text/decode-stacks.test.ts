/** Text and tree formats: what the corpus says they hold, by hand, and refused when they are none. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { describePprof } from '../describe-pprof.ts';
import { type DecodeStacksOptions, decodeStacks, type StackFormat } from './decode-stacks.ts';

const corpus = process.env['FLAMELAKE_CORPUS'] ?? join(import.meta.dirname, '../../../../test/corpus');
const options: DecodeStacksOptions = { kind: 'cpu', sampleRate: 100, samplesMax: 250_000, stackDepthMax: 1_000 };

interface Row {
  readonly name: string;
  readonly value: number;
}
interface Truth {
  readonly total?: number;
  readonly samples?: number;
  readonly top20_flat?: readonly Row[];
  readonly top20_cum?: readonly Row[];
  readonly top20_flat_of_first?: readonly Row[];
  readonly top20_cum_of_first?: readonly Row[];
}

const FILES: readonly (readonly [file: string, format: StackFormat, kind: string, scale: number])[] = [
  ['text/bank_cpu.folded', 'groups', 'cpu', 10_000_000],
  ['text/bank_cpu.lines', 'lines', 'itimer', 10_000_000],
  ['text/bank_alloc_bytes.folded', 'groups', 'alloc_space', 1],
  ['text/bank.sampled.speedscope.json', 'speedscope', 'cpu', 10_000_000],
  ['text/bank.evented.speedscope.json', 'speedscope', 'cpu', 10_000_000],
  ['perf/shop.perf.txt', 'perf', 'exceptions', 1],
];
for (const [file, format, kind, scale] of FILES) {
  const path = join(corpus, file);
  test(`${file} is what its truth says`, { skip: existsSync(path) ? false : 'not in this corpus' }, () => {
    const truth = JSON.parse(readFileSync(join(corpus, `truth/${file}.json`), 'utf8')) as Truth;
    const [only, ...others] = decodeStacks(readFileSync(path), format, { ...options, kind });
    assert.ok(only !== undefined && others.length === 0);
    const [type] = describePprof(only.profile, { rows: 100_000 }).sampleTypes;
    assert.equal(type?.total, BigInt((truth.total ?? truth.samples ?? 0) * scale));
    const byName = new Map(type.top.map((row) => [row.name, row.flat]));
    const cumByName = new Map(type.topByCum.map((row) => [row.name, row.cum]));
    for (const row of truth.top20_flat ?? truth.top20_flat_of_first ?? []) {
      assert.equal(byName.get(row.name), BigInt(row.value * scale), `${row.name} flat`);
    }
    for (const row of truth.top20_cum ?? truth.top20_cum_of_first ?? []) {
      assert.equal(cumByName.get(row.name), BigInt(row.value * scale), `${row.name} cum`);
    }
  });
}

/** Stacks, root first, with their values. */
function stacksOf(text: string | Uint8Array, format: StackFormat, more: Partial<DecodeStacksOptions> = {}) {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  return decodeStacks(bytes, format, { ...options, kind: 'alloc_objects', ...more }).map(
    ({ name, labels, profile }) => {
      const { strings, functions } = profile.symbols;
      const frame = (location: number) => {
        const index = functions.name[location];
        return Buffer.from(strings.bytes.subarray(strings.offsets[index], strings.offsets[index + 1])).toString();
      };
      const stacks: Record<string, bigint> = {};
      for (let s = 0; s < profile.sampleCount; s++) {
        const { start, locations } = profile.stacks;
        const stack = [...locations.subarray(start[s], start[s + 1])].reverse().map(frame).join(';');
        stacks[stack] = (stacks[stack] ?? 0n) + profile.values[s];
      }
      return { name, labels, types: profile.sampleTypes, period: profile.period, stacks };
    },
  );
}

test('folded text: the count follows the last blank, blank lines and line ends of any kind are passed over', () => {
  const text = 'a;b c 3\r\n\n  a;b c 4\n;x;; 9007199254740993\n only 5';
  assert.deepEqual(stacksOf(text, 'groups')[0]?.stacks, { 'a;b c': 7n, x: 9007199254740993n, only: 5n });
});

test('lines count one each, however often they come', () => {
  assert.deepEqual(stacksOf('a;b\nc 7\na;b\n', 'lines', { samplesMax: 2 })[0]?.stacks, { 'a;b': 2n, 'c 7': 1n });
});

/** Nodes as (bytes, value, children). */
const nodes = (...rows: readonly (readonly [string, number, number])[]) =>
  Buffer.concat(
    rows.map(([name, value, children]) => Buffer.from([name.length, ...Buffer.from(name), value, children])),
  );

test('tree: self values of named nodes', () => {
  const tree = nodes(['', 0, 2], ['a', 1, 2], ['b', 2, 0], ['c', 0, 1], ['d', 4, 0], ['e', 8, 0]);
  assert.deepEqual(stacksOf(tree, 'tree')[0]?.stacks, { a: 1n, 'a;b': 2n, 'a;c;d': 4n, e: 8n });
});

test('trie: keys are the suffixes on the way, cut anywhere', () => {
  const trie = nodes(['', 0, 2], ['ma', 0, 1], ['in;', 1, 2], ['work', 2, 1], ['er;x', 3, 0], ['', 4, 0], ['z', 5, 0]);
  assert.deepEqual(stacksOf(trie, 'trie')[0]?.stacks, { main: 5n, 'main;work': 2n, 'main;worker;x': 3n, z: 5n });
});

const speedscope = (...profiles: readonly object[]) =>
  JSON.stringify({
    profiles,
    $schema: 'https://www.speedscope.app/file-format-schema.json',
    shared: { frames: [{ name: 'a' }, { name: 'b "é"', file: 'b.ts', line: 7 }] },
  });
const sampled = (unit: string, weights: readonly number[], samples: readonly (readonly number[])[], name = '') => ({
  type: 'sampled',
  name,
  unit,
  startValue: 0,
  endValue: 1,
  samples,
  weights,
});

test('speedscope: units set the scale, fractions add up', () => {
  const [only] = stacksOf(
    speedscope(sampled('milliseconds', [0.25, 1.0000004, 0.0000004], [[0], [0, 1], [0, 1]])),
    'speedscope',
    {
      kind: 'cpu',
    },
  );
  assert.deepEqual(only?.stacks, { a: 250_000n, 'a;b "é"': 1_000_001n });
  assert.equal(only?.name, 'process_cpu');
});

test('speedscope: in a file of several the unit says what is counted', () => {
  const file = speedscope(sampled('bytes', [7], [[1]], 'heap'), sampled('seconds', [1.5], [[]], 'time'));
  const [heap, time] = stacksOf(file, 'speedscope', { kind: 'cpu' });
  assert.deepEqual(
    [heap?.name, heap?.types, heap?.stacks],
    ['memory', [{ type: 'samples', unit: 'bytes' }], { 'b "é"': 7n }],
  );
  assert.deepEqual([time?.name, time?.period, time?.stacks], ['wall', 1_000_000_000n, { '': 1_500_000_000n }]);
  assert.deepEqual(time?.labels, [{ name: 'profile_name', value: 'time' }]);
});

test('speedscope: opened and closed frames become stacks, idle time none', () => {
  const events = [
    ['O', 0, 10],
    ['O', 1, 11],
    ['C', 1, 13],
    ['C', 0, 14],
    ['O', 0, 20],
    ['C', 0, 21],
  ].map(([type, frame, at]) => ({ type, frame, at }));
  const file = speedscope({ type: 'evented', name: 'e', unit: 'none', startValue: 0, endValue: 30, events });
  assert.deepEqual(stacksOf(file, 'speedscope')[0]?.stacks, { a: 3n, 'a;b "é"': 2n });
});

test('perf script: symbols without offsets, files of unknown ones, periods of clocks', () => {
  const text = `# a comment
my app 1/2 [003] 10.5: 250 cpu-clock:uhH:
\tffff a::b(int, char)+0x1f (/lib/x (deleted))
\t12 [unknown] (/usr/lib/libc.so.6)

other 7 11.0:  750 cpu-clock:
\t12 main+0x0 (/bin/x)
`;
  const stacks = { '[libc.so.6];a::b(int, char)': 250n, main: 750n };
  assert.deepEqual(stacksOf(text, 'perf', { kind: 'cpu' })[0]?.stacks, stacks);
  assert.deepEqual(stacksOf(text, 'perf')[0]?.stacks, { '[libc.so.6];a::b(int, char)': 1n, main: 1n });
  const cycles = text.replaceAll('cpu-clock', 'cycles');
  assert.deepEqual(stacksOf(cycles, 'perf', { kind: 'cpu' })[0]?.stacks, {
    '[libc.so.6];a::b(int, char)': 10_000_000n,
    main: 10_000_000n,
  });
});

test('a sample rate of 0 leaves counts', () => {
  const [only] = stacksOf('a 3', 'groups', { kind: 'cpu', sampleRate: 0 });
  assert.deepEqual([only?.types, only?.period, only?.stacks], [[{ type: 'samples', unit: 'count' }], 0n, { a: 3n }]);
});

const BROKEN: readonly (readonly [StackFormat, string | Uint8Array, RegExp])[] = [
  ['groups', 'a;b', /line of folded text must end in/],
  ['groups', 'a 1\na -1', /line of folded text must end in/],
  ['groups', 'a 1.5', /line of folded text must end in/],
  ['groups', 'a 9223372036854775808', /line of folded text must end in/],
  ['groups', Buffer.from([0xff, 0x20, 0x31]), /not utf-8/],
  ['tree', nodes(['', 0, 2], ['a', 1, 0]), /ends too early/],
  ['tree', Buffer.concat([nodes(['a', 1, 0]), Buffer.from('x')]), /followed by something else/],
  ['tree', Buffer.from([0xff, 0xff, 0x7f]), /too large/],
  ['trie', Buffer.from([5, 0x61]), /ends too early/],
  ['speedscope', '{"profiles":[', /ends too early/],
  ['speedscope', '{"shared":{"frames":[]},"profiles":[]}', /must name its schema/],
  ['speedscope', speedscope(sampled('none', [1], [[2]])), /frame the file does not have/],
  ['speedscope', speedscope(sampled('none', [1], [[-1]])), /index of a frame/],
  ['speedscope', speedscope(sampled('none', [1, 2], [[0]])), /another number of weights/],
  ['speedscope', speedscope(sampled('none', [-1], [[0]])), /negative/],
  ['speedscope', speedscope({ type: 'evented', events: [{ type: 'C', frame: 1, at: 1 }] }), /not the last one opened/],
  ['speedscope', speedscope({ type: 'evented', events: [{ type: 'O', frame: 1, at: 1 }] }), /never closed/],
  ['speedscope', speedscope({ type: 'other' }), /sampled or evented/],
  ['perf', 'nothing of the kind', /names no event/],
  ['perf', '\t12 main (x)', /neither a sample nor a frame/],
];
test('what is none of the format is refused with a reason', () => {
  for (const [format, text, message] of BROKEN) {
    assert.throws(() => stacksOf(text, format), { code: 'invalid_argument', message }, `${format} ${String(text)}`);
  }
  assert.throws(() => stacksOf('a 1', 'groups', { kind: 'nothing' }), /not known/);
  assert.throws(() => stacksOf('a 1', 'groups', { kind: 'cpu', sampleRate: 2e9 }), /more than one a nanosecond/);
  assert.throws(() => stacksOf('a 9000000000000000000', 'groups', { kind: 'cpu' }), /leaves int64/);
  assert.throws(() => stacksOf('a 1\nb 1', 'groups', { samplesMax: 1 }), /too many of a kind/);
});
