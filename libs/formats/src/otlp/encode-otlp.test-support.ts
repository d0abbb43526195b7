/** Encodes pprof columns as an OTLP request, in any layout senders use: for tests and benchmarks. */
import { ByteWriter } from '../byte-writer.ts';
import type { Pprof } from '../pprof.ts';
import { stringAt } from '../string-column.ts';

export interface OtlpForm {
  /** Numbers of Sample's fields: those of v1.8 and v1.9, or those since v1.10. */
  readonly schema: 'v1.8' | 'v1.10';
  /** Values as one list, or one by one as some senders write them. */
  readonly isPacked: boolean;
  readonly attributes?: Readonly<Record<string, string>>;
}

const FIELDS = {
  'v1.8': { values: 2, attributes: 3, link: 4 },
  'v1.10': { attributes: 2, link: 3, values: 4 },
} as const;

/** Each sample type becomes a profile. Labels must be text; `span_id` and `trace_id` become links. */
export function encodeOtlp(pprof: Pprof, { schema, isPacked, attributes = {} }: OtlpForm): Uint8Array {
  const { symbols, labels, stacks } = pprof;
  const texts: string[] = Array.from({ length: symbols.strings.count }, (_, i) => stringAt(symbols.strings, i));
  const text = (value: string) => {
    const known = texts.indexOf(value);
    return known >= 0 ? known : texts.push(value) - 1;
  };
  const fields = FIELDS[schema];
  const attributeTable: Uint8Array[] = [new Uint8Array(0)];
  const attributeIndex = new Map<string, number>();
  const linkTable: Uint8Array[] = [new Uint8Array(0)];
  const linkIndex = new Map<string, number>();
  const indexOf = (index: Map<string, number>, table: Uint8Array[], key: string, entry: () => Uint8Array) => {
    const known = index.get(key) ?? table.push(entry()) - 1;
    index.set(key, known);
    return known;
  };
  const profiles = pprof.sampleTypes.map((type, t) => {
    const samples = Array.from({ length: pprof.sampleCount }, (_, s) => {
      const own: number[] = [];
      let [span, trace] = ['', ''];
      for (let label = labels.start[s]; label < labels.start[s + 1]; label++) {
        const [key, value] = [texts[labels.key[label]], texts[labels.text[label]]];
        if (key === 'span_id') span = value;
        else if (key === 'trace_id') trace = value;
        else {
          own.push(
            indexOf(attributeIndex, attributeTable, JSON.stringify([key, value]), () =>
              message([1, labels.key[label]], [2, message([1, Buffer.from(value)])]),
            ),
          );
        }
      }
      const link =
        span + trace === ''
          ? 0
          : indexOf(linkIndex, linkTable, `${trace} ${span}`, () =>
              message([1, Buffer.from(trace, 'hex')], [2, Buffer.from(span, 'hex')]),
            );
      const value = pprof.values[s * pprof.sampleTypes.length + t];
      const parts: [number, Value][] = [
        [1, s + 1],
        [fields.attributes, packed(own)],
        [fields.link, link],
        [fields.values, isPacked ? packed([value]) : { listed: value }],
        [5, timesOf(pprof, s)],
      ];
      return message(...parts.sort(([a], [b]) => a - b));
    });
    const period = pprof.periodType && message([1, text(pprof.periodType.type)], [2, text(pprof.periodType.unit)]);
    return message(
      [1, message([1, text(type.type)], [2, text(type.unit)])],
      ...samples.map((sample): [number, Uint8Array] => [2, sample]),
      [3, fixed64(pprof.timeNanos)],
      [4, pprof.durationNanos],
      ...(period === undefined ? [] : [[5, period] as [number, Uint8Array]]),
      [6, pprof.period],
    );
  });
  const { functions, mappings, locations } = symbols;
  const buildId = text('process.executable.build_id.gnu');
  const range = (count: number) => Array.from({ length: count }, (_, i) => i);
  const mappingTable = range(mappings.count).map((i) =>
    message(
      [1, mappings.memoryStart[i]],
      [2, mappings.memoryLimit[i]],
      [3, mappings.fileOffset[i]],
      [4, mappings.filename[i]],
      [
        5,
        packed(
          mappings.buildId[i] === 0
            ? []
            : [
                attributeTable.push(message([1, buildId], [2, message([1, Buffer.from(texts[mappings.buildId[i]])])])) -
                  1,
              ],
        ),
      ],
    ),
  );
  const locationTable = range(locations.count).map((i) =>
    message(
      [1, locations.mapping[i]],
      [2, locations.address[i]],
      ...range(locations.lineStart[i + 1] - locations.lineStart[i]).map((line): [number, Uint8Array] => [
        3,
        message(
          [1, locations.lineFunction[locations.lineStart[i] + line] + 1],
          [2, BigInt(locations.lineNumber[locations.lineStart[i] + line])],
        ),
      ]),
    ),
  );
  const functionTable = range(functions.count).map((i) =>
    message(
      [1, functions.name[i]],
      [2, functions.systemName[i]],
      [3, functions.filename[i]],
      [4, BigInt(functions.startLine[i])],
    ),
  );
  const stackTable = range(pprof.sampleCount).map((i) => {
    const own = pprof.sampleStack?.[i] ?? i;
    return message([
      1,
      packed(Array.from(stacks.locations.subarray(stacks.start[own], stacks.start[own + 1]), (l) => l + 1)),
    ]);
  });
  const empty = new Uint8Array(0);
  const table = (field: number, entries: readonly Uint8Array[]) =>
    entries.map((entry): [number, Entry] => [field, { entry }]);
  const dictionary = message(
    ...table(1, [empty, ...mappingTable]),
    ...table(2, [empty, ...locationTable]),
    ...table(3, [empty, ...functionTable]),
    ...table(4, linkTable),
    ...table(
      5,
      texts.map((one) => Buffer.from(one)),
    ),
    ...table(6, attributeTable),
    ...table(7, [empty, ...stackTable]),
  );
  const resource = message(
    ...Object.entries(attributes).map(([key, value]): [number, Uint8Array] => [
      1,
      message([1, Buffer.from(key)], [2, message([1, Buffer.from(value)])]),
    ]),
  );
  const scope = message(...profiles.map((profile): [number, Uint8Array] => [2, profile]));
  return message([1, message([1, resource], [2, scope])], [2, dictionary]);
}

/** ns since 1970, 8 bytes each. */
function timesOf({ sampleTimes }: Pprof, sample: number): Uint8Array {
  if (sampleTimes === undefined) return new Uint8Array(0);
  const { start, nanos } = sampleTimes;
  return new Uint8Array(nanos.slice(start[sample], start[sample + 1]).buffer);
}

/** An entry of a table: written even when it is empty. */
interface Entry {
  readonly entry: Uint8Array;
}

interface Fixed64 {
  readonly fixed64: bigint;
}

/** An element of a list, written even when it is 0. */
interface Listed {
  readonly listed: bigint;
}

type Value = number | bigint | Uint8Array | Entry | Fixed64 | Listed;

function fixed64(value: bigint): Fixed64 {
  return { fixed64: value };
}

function packed(numbers: readonly (number | bigint)[]): Uint8Array {
  const out = new ByteWriter(16);
  for (const number of numbers) out.varint64(BigInt.asUintN(64, BigInt(number)));
  return out.copy();
}

/** A message of the fields given; zeros and empty ones are left out. */
function message(...fields: readonly (readonly [field: number, value: Value])[]): Uint8Array {
  const out = new ByteWriter(64);
  for (const [field, value] of fields) {
    if (value instanceof Uint8Array || (typeof value === 'object' && 'entry' in value)) {
      const bytes = value instanceof Uint8Array ? value : value.entry;
      if (bytes === value && bytes.length === 0) continue;
      out.varint((field << 3) | 2);
      out.varint(bytes.length);
      out.bytes(bytes);
    } else if (typeof value === 'object' && 'listed' in value) {
      out.varint(field << 3);
      out.varint64(BigInt.asUintN(64, value.listed));
    } else if (typeof value === 'object') {
      out.varint((field << 3) | 1);
      const bits = BigInt.asUintN(64, value.fixed64);
      out.uint32(Number(bits & 0xffff_ffffn));
      out.uint32(Number(bits >> 32n));
    } else if (BigInt(value) !== 0n) {
      out.varint(field << 3);
      out.varint64(BigInt.asUintN(64, BigInt(value)));
    }
  }
  return out.copy();
}
