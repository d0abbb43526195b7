import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodePprof, encodePprof, type Pprof, type ProfileRecord, stringAt } from '@flamelake/formats';
import { CPU_TYPE, stackTreeOf, stringColumn } from '@flamelake/testkit';
import { executeTask } from './execute-task.ts';
import { createLocationTree, type LocationTree, mergeLocationTree } from './location-tree.ts';
import { renderPprof } from './render-pprof.ts';
import { blockOf, openFrom, optionsFor } from './test-blocks.ts';

const HEADER = { type: CPU_TYPE, startMs: 1_000, endMs: 61_000 };

/** A frame as text: `mapping@address function:line<function:line…`, innermost function first. */
type Frame = string;

/** A profile of stacks of frames, leaf first; `reversed` numbers its mappings and functions the other way round. */
function recordOf(stacks: readonly (readonly [readonly Frame[], bigint])[], reversed: boolean): ProfileRecord {
  const frames = [...new Set(stacks.flatMap(([stack]) => stack))];
  const parsed = frames.map((frame) => {
    const [place, lines = ''] = frame.split(' ');
    const [mapping, address] = place.split('@');
    return { mapping, address, lines: lines === '' ? [] : lines.split('<').map((line) => line.split(':')) };
  });
  const inOrder = (names: Iterable<string>) => {
    const unique = [...new Set(names)];
    return reversed ? unique.reverse() : unique;
  };
  const mappings = inOrder(parsed.map(({ mapping }) => mapping).filter((mapping) => mapping !== ''));
  const functions = inOrder(parsed.flatMap(({ lines }) => lines.map(([name]) => name)));
  const lineStart = [0];
  for (const { lines } of parsed) lineStart.push((lineStart.at(-1) ?? 0) + lines.length);
  const lines = parsed.flatMap((frame) => frame.lines);
  const tree = stackTreeOf(stacks.map(([stack]) => stack.map((frame) => frames.indexOf(frame))));
  const texts = ['', ...mappings, ...functions, ...functions.map((name) => `${name}.go`)];
  const names = (all: readonly string[], suffix = '') => Uint32Array.from(all, (name) => texts.indexOf(name + suffix));
  return {
    tenant: 't',
    service: 's',
    identity: new Uint8Array(16).fill(reversed ? 1 : 2),
    timeNanos: 5_000_000n,
    durationNanos: 0n,
    period: 1n,
    types: [CPU_TYPE],
    symbols: {
      strings: stringColumn(texts),
      functions: {
        count: functions.length,
        name: names(functions),
        systemName: names(functions),
        filename: names(functions, '.go'),
        startLine: Int32Array.from(functions, (name) => name.length),
      },
      mappings: {
        count: mappings.length,
        memoryStart: BigUint64Array.from(mappings, (name) => 2n ** 63n + BigInt(name.length)),
        memoryLimit: BigUint64Array.from(mappings, () => 2n ** 64n - 1n),
        fileOffset: BigUint64Array.from(mappings, () => 2n ** 32n - 1n),
        filename: names(mappings),
        buildId: names(mappings),
        flags: Uint8Array.from(mappings, () => 15),
      },
      locations: {
        count: parsed.length,
        mapping: Uint32Array.from(parsed, ({ mapping }) => mappings.indexOf(mapping) + 1),
        address: BigUint64Array.from(parsed, ({ address }) => BigInt(address)),
        lineStart: Uint32Array.from(lineStart),
        lineFunction: Uint32Array.from(lines, ([name]) => functions.indexOf(name)),
        lineNumber: Int32Array.from(lines, ([, line]) => Number(line)),
      },
    },
    stacks: tree.stacks,
    groups: [
      {
        labels: [],
        sampleCount: stacks.length,
        stack: tree.stack,
        values: BigInt64Array.from(stacks, ([, value]) => value),
        spanIds: undefined,
        traceIds: undefined,
      },
    ],
  };
}

/** Values by stack of frames, each frame as text again. */
function stacksOf({ symbols, stacks, values }: Pprof): Map<string, bigint> {
  const { strings, functions, mappings, locations } = symbols;
  const frameOf = (location: number): Frame => {
    const mapping = locations.mapping[location];
    const lines: string[] = [];
    for (let line = locations.lineStart[location]; line < locations.lineStart[location + 1]; line++) {
      const fn = locations.lineFunction[line];
      const name = stringAt(strings, functions.name[fn]);
      assert.equal(stringAt(strings, functions.filename[fn]), `${name}.go`);
      assert.equal(functions.startLine[fn], name.length);
      lines.push(`${name}:${locations.lineNumber[line]}`);
    }
    const place = `${mapping === 0 ? '' : stringAt(strings, mappings.filename[mapping - 1])}@${locations.address[location]}`;
    return lines.length === 0 ? place : `${place} ${lines.join('<')}`;
  };
  return new Map(
    Array.from({ length: stacks.count }, (_, i) => {
      const stack = [...stacks.locations.subarray(stacks.start[i], stacks.start[i + 1])].map(frameOf);
      return [stack.join(';'), values[i]];
    }),
  );
}

async function treeOf(...records: readonly ProfileRecord[]): Promise<LocationTree> {
  const block = blockOf(records, 1);
  const selection = { tenants: ['t'], fromMs: 0, untilMs: 1_000, selectors: [], profileTypeId: undefined };
  const object = { key: 'k', id: block.info.id, etag: undefined, sizeBytes: 1 };
  const parts = [{ object, datasets: [{ tenant: 't', service: 's', minTimeMs: 0, maxTimeMs: 1 }], deletes: [] }];
  const question = { kind: 'locations' } as const;
  const result = await executeTask({ question, selection, parts, estimatedBytes: 1 }, optionsFor(openFrom([block])));
  assert.ok(result.kind === 'locations');
  return result.tree;
}

const FIRST: (readonly [readonly Frame[], bigint])[] = [
  [['libc@18446744073709551615', 'app@16 inner:3<outer:-7', 'app@1 main:1'], 2n ** 60n],
  [['app@1 main:1'], 5n],
  [[], 7n],
];
const SECOND: (readonly [readonly Frame[], bigint])[] = [
  // Begins with the other mapping, so that it becomes the first of its own tree.
  [['app@20 late:2', 'libc@3'], 19n],
  [['@99 jit:0', 'libc@2', 'app@16 outer:4', 'app@1 main:1'], 11n],
  [['app@1 main:1'], 13n],
  [[], 17n],
];

test('every mapping, address, line and inlined function is kept, whatever it was numbered', async () => {
  const wanted = new Map<string, bigint>();
  for (const [stack, value] of [...FIRST, ...SECOND]) {
    wanted.set(stack.join(';'), (wanted.get(stack.join(';')) ?? 0n) + value);
  }
  const [first, second] = [recordOf(FIRST, false), recordOf(SECOND, true)];
  const pprof = renderPprof(await treeOf(first, second), HEADER);
  assert.deepEqual(stacksOf(pprof), wanted);
  assert.deepEqual([...pprof.symbols.mappings.memoryStart], [2n ** 63n + 3n, 2n ** 63n + 4n]);
  assert.deepEqual([...pprof.symbols.mappings.fileOffset], [2n ** 32n - 1n, 2n ** 32n - 1n]);
  for (const parts of [
    [first, second],
    [second, first],
  ]) {
    const merged = createLocationTree();
    for (const part of parts) mergeLocationTree(merged, await treeOf(part));
    assert.deepEqual(encodePprof(renderPprof(merged, HEADER)), encodePprof(pprof));
  }
});

test('the profile says what it is of', async () => {
  const read = (name: string) =>
    decodePprof(encodePprof(renderPprof(createLocationTree(), { ...HEADER, type: { ...CPU_TYPE, name } })));
  const { sampleTypes, periodType, period, timeNanos, durationNanos, defaultSampleType, sampleCount } =
    read('process_cpu');
  assert.deepEqual(
    { sampleTypes, periodType, period, timeNanos, durationNanos, defaultSampleType, sampleCount },
    {
      sampleTypes: [{ type: 'cpu', unit: 'nanoseconds' }],
      periodType: { type: 'cpu', unit: 'nanoseconds' },
      period: 1_000_000_000n,
      timeNanos: 61_000_000_000n,
      durationNanos: 60_000_000_000n,
      defaultSampleType: 'cpu',
      sampleCount: 0,
    },
  );
  assert.equal(read('memory').period, 524_288n);
  assert.equal(read('goroutine').period, 1n);
});
