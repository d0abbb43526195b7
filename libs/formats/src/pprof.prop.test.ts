import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlamelakeError, labelsKey, sortLabels } from '@flamelake/model';
import { stackAt } from '@flamelake/testkit';
import fc from 'fast-check';
import { decodePprof, encodePprof, type NormalizedProfile, normalizeProfile, type Pprof, stringAt } from './index.ts';

const TEXTS = [
  '',
  'cpu',
  'wall',
  'nanoseconds',
  'main.go',
  'main.Do[...]',
  'main.Do',
  'é∑',
  'a',
  'b',
  'span_id',
  'trace_id',
];
const IDS = ['00000000000000ff', '0123456789abcdef', 'FEDCBA9876543210', '0123456789abcdef0123456789abcdef', 'bad'];
const STRINGS = [...TEXTS, ...IDS];

const string = fc.nat(STRINGS.length - 1);
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const int32 = fc.integer({ min: -0x80000000, max: 0x7fffffff });
const value = fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 2n ** 40n }), fc.constant(-1n));

/** A profile in the form it is easiest to draw, one object per thing. */
const drawn = fc
  .record({
    types: fc.uniqueArray(fc.nat(2), { minLength: 1, maxLength: 3 }),
    functions: fc.array(fc.record({ name: string, systemName: string, filename: string, startLine: int32 }), {
      minLength: 1,
      maxLength: 5,
    }),
    mappings: fc.array(
      fc.record({ start: uint64, limit: uint64, offset: uint64, filename: string, buildId: string, flags: fc.nat(15) }),
      { maxLength: 2 },
    ),
    locations: fc.array(
      fc.record({
        mapping: fc.nat(),
        address: fc.oneof(fc.constant(0n), uint64),
        lines: fc.array(fc.tuple(fc.nat(), fc.nat(3)), { maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 6 },
    ),
    samples: fc.array(
      fc.record({
        stack: fc.array(fc.nat(), { maxLength: 6 }),
        values: fc.array(value, { minLength: 3, maxLength: 3 }),
        labels: fc.array(fc.record({ key: fc.constantFrom(8, 9, 10, 11), text: string, number: int64, unit: string }), {
          maxLength: 3,
        }),
      }),
      { maxLength: 12 },
    ),
    time: int64,
    duration: int64,
    period: int64,
    hasPeriodType: fc.boolean(),
    comments: fc.array(fc.constantFrom(...TEXTS), { maxLength: 2 }),
  })
  .map(
    (d): Pprof => ({
      symbols: {
        strings: stringColumn(STRINGS),
        functions: {
          count: d.functions.length,
          name: Uint32Array.from(d.functions, (f) => f.name),
          systemName: Uint32Array.from(d.functions, (f) => f.systemName),
          filename: Uint32Array.from(d.functions, (f) => f.filename),
          startLine: Int32Array.from(d.functions, (f) => f.startLine),
        },
        mappings: {
          count: d.mappings.length,
          memoryStart: BigUint64Array.from(d.mappings.map((m) => m.start)),
          memoryLimit: BigUint64Array.from(d.mappings.map((m) => m.limit)),
          fileOffset: BigUint64Array.from(d.mappings.map((m) => m.offset)),
          filename: Uint32Array.from(d.mappings, (m) => m.filename),
          buildId: Uint32Array.from(d.mappings, (m) => m.buildId),
          flags: Uint8Array.from(d.mappings, (m) => m.flags),
        },
        locations: {
          count: d.locations.length,
          mapping: Uint32Array.from(d.locations, (l) => l.mapping % (d.mappings.length + 1)),
          address: BigUint64Array.from(d.locations.map((l) => l.address)),
          lineStart: starts(d.locations.map((l) => l.lines.length)),
          lineFunction: Uint32Array.from(d.locations.flatMap((l) => l.lines.map(([fn]) => fn % d.functions.length))),
          lineNumber: Int32Array.from(d.locations.flatMap((l) => l.lines.map(([, line]) => line - 1))),
        },
      },
      sampleTypes: d.types.map((type) => ({ type: TEXTS[type], unit: 'nanoseconds' })),
      periodType: d.hasPeriodType ? { type: 'cpu', unit: 'not in the table' } : undefined,
      period: d.period,
      timeNanos: d.time,
      durationNanos: d.duration,
      stacks: {
        count: d.samples.length,
        start: starts(d.samples.map((s) => s.stack.length)),
        locations: Uint32Array.from(d.samples.flatMap((s) => s.stack.map((location) => location % d.locations.length))),
      },
      sampleCount: d.samples.length,
      values: BigInt64Array.from(d.samples.flatMap((s) => s.values.slice(0, d.types.length))),
      labels: {
        start: starts(d.samples.map((s) => s.labels.length)),
        key: Uint32Array.from(d.samples.flatMap((s) => s.labels.map((l) => l.key))),
        text: Uint32Array.from(d.samples.flatMap((s) => s.labels.map((l) => l.text))),
        number: BigInt64Array.from(d.samples.flatMap((s) => s.labels.map((l) => l.number))),
        numberUnit: Uint32Array.from(d.samples.flatMap((s) => s.labels.map((l) => l.unit))),
      },
      comments: d.comments,
      defaultSampleType: TEXTS[d.types[0]],
    }),
  );

test('a profile survives encoding and decoding', () => {
  fc.assert(
    fc.property(drawn, (pprof) => {
      const encoded = encodePprof(pprof);
      const decoded = decodePprof(encoded);
      // A text the table lacked was added to it; nothing else may differ.
      const strings = pprof.periodType === undefined ? STRINGS : [...STRINGS, 'not in the table'];
      assert.deepEqual(decoded, { ...pprof, symbols: { ...pprof.symbols, strings: stringColumn(strings) } });
      assert.deepEqual(encodePprof(decoded), encoded);
    }),
  );
});

test('a profile cut short or with a bit flipped is decoded or refused, nothing else', () => {
  fc.assert(
    fc.property(drawn, fc.nat(), fc.nat(7), (pprof, at, bit) => {
      const encoded = encodePprof(pprof);
      const flipped = Uint8Array.from(encoded);
      flipped[at % encoded.length] = flipped[at % encoded.length] ^ (1 << bit);
      for (const bytes of [flipped, encoded.subarray(0, at % encoded.length)]) {
        try {
          normalizeProfile(decodePprof(bytes));
        } catch (error) {
          assert.ok(error instanceof FlamelakeError && error.code === 'invalid_argument', String(error));
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('normalising keeps what a naive reading finds: every label set, stack, span and trace with its values', () => {
  fc.assert(
    fc.property(drawn, (pprof) => {
      const normalized = normalizeProfile(pprof);
      assert.deepEqual(readNormalized(normalized), readNaively(pprof));
      assertDistinct(normalized);
    }),
  );
});

/** Values by label set, stack, span and trace, as text. */
type Reading = Map<string, bigint[]>;

function readNaively(pprof: Pprof): Reading {
  const reading: Reading = new Map();
  const { strings } = pprof.symbols;
  const width = pprof.sampleTypes.length;
  for (let s = 0; s < pprof.sampleCount; s++) {
    const values = [...pprof.values.subarray(s * width, (s + 1) * width)];
    if (values.some((v) => v < 0n) || values.every((v) => v === 0n)) continue;
    let [span, trace] = [0n, 0n];
    const labels = [];
    for (let l = pprof.labels.start[s]; l < pprof.labels.start[s + 1]; l++) {
      const name = stringAt(strings, pprof.labels.key[l]);
      const text = stringAt(strings, pprof.labels.text[l]);
      if (text === '') continue;
      if (name === 'span_id') span = /^[0-9a-f]{16}$/i.test(text) ? BigInt(`0x${text}`) : span;
      else if (name === 'trace_id') trace = /^[0-9a-f]{32}$/i.test(text) ? BigInt(`0x${text}`) : trace;
      else labels.push({ name, value: text });
    }
    add(
      reading,
      labelsKey(sortLabels(labels)),
      stackText(pprof, pprof.stacks.locations.subarray(pprof.stacks.start[s], pprof.stacks.start[s + 1]), true),
      span,
      trace,
      values,
    );
  }
  return reading;
}

function readNormalized({ groups, stacks, sampleTypes, ...rest }: NormalizedProfile): Reading {
  const reading: Reading = new Map();
  for (const { sampleLabels, sampleCount, stack, values, spanIds, traceIds } of groups) {
    const seen = new Set<string>();
    for (let s = 0; s < sampleCount; s++) {
      const trace =
        traceIds === undefined
          ? 0n
          : BigInt(`0x${Buffer.from(traceIds.subarray(s * 16, s * 16 + 16)).toString('hex')}`);
      const own = sampleTypes.map((_, type) => values[type * sampleCount + s]);
      assert.ok(own.some((v) => v > 0n));
      const text = stackText(rest, stackAt(stacks, stack[s]), false);
      add(reading, labelsKey(sampleLabels), text, spanIds?.[s] ?? 0n, trace, own);
      // Two stacks may read the same: texts are told apart by their place in the table.
      const key = `${stack[s]} ${spanIds?.[s] ?? 0n} ${trace}`;
      assert.ok(!seen.has(key));
      seen.add(key);
    }
  }
  return reading;
}

function add(reading: Reading, labels: string, stack: string, span: bigint, trace: bigint, values: bigint[]): void {
  const key = [labels, stack, span, trace].join('\n');
  const sum = reading.get(key);
  reading.set(key, sum === undefined ? values : values.map((v, i) => v + sum[i]));
}

/** All that is to be known of a stack after clean-up, as text. */
function stackText({ symbols }: Pick<Pprof, 'symbols'>, refs: Iterable<number>, isRaw: boolean): string {
  const { strings, functions, locations, mappings } = symbols;
  const text = (i: number | undefined) => stringAt(strings, i as number);
  const frames = [...refs].map((location) => {
    const [from, until] = [locations.lineStart[location], locations.lineStart[location + 1]];
    const lines = Array.from({ length: until - from }, (_, i) => {
      const fn = locations.lineFunction[from + i];
      const isGo = isRaw && /.\.go$/.test(text(functions.filename[fn]));
      const clean = (name: string) => (isGo ? name.replace('[...]', '') : name);
      return [
        clean(text(functions.name[fn])),
        clean(text(functions.systemName[fn])),
        text(functions.filename[fn]),
        functions.startLine[fn],
        locations.lineNumber[from + i],
      ];
    });
    const mapping = locations.mapping[location] - 1;
    const binary =
      mapping < 0 ? [] : [mappings.flags[mapping], text(mappings.filename[mapping]), text(mappings.buildId[mapping])];
    return [...lines, lines.length > 0 ? 0n : locations.address[location], ...binary].join(' ');
  });
  return frames.join(';');
}

function assertDistinct({ stacks, symbols }: NormalizedProfile): void {
  const all = Array.from({ length: stacks.count }, (_, node) => stackAt(stacks, node).join());
  assert.equal(new Set(all).size, stacks.count);
  assert.equal(new Set(stacks.location.subarray(1)).size, symbols.locations.count);
  assert.equal(new Set(symbols.locations.lineFunction).size, symbols.functions.count);
  const { functions, mappings, strings } = symbols;
  const used = [
    0,
    ...functions.name,
    ...functions.systemName,
    ...functions.filename,
    ...mappings.filename,
    ...mappings.buildId,
  ];
  assert.equal(new Set(used).size, strings.count);
}

function starts(lengths: number[]): Uint32Array {
  const column = new Uint32Array(lengths.length + 1);
  for (const [i, length] of lengths.entries()) column[i + 1] = column[i] + length;
  return column;
}

function stringColumn(texts: readonly string[]) {
  const encoded = texts.map((text) => Buffer.from(text));
  return {
    count: texts.length,
    bytes: new Uint8Array(Buffer.concat(encoded)),
    offsets: starts(encoded.map(({ length }) => length)),
  };
}
