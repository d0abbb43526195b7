/** Small pprofs for tests, as protobuf bytes. */

export interface TestSample {
  /** Function names, leaf first. */
  readonly stack: readonly string[];
  readonly values: readonly (number | bigint)[];
  readonly labels?: Readonly<Record<string, string>>;
}

export interface TestPprof {
  /** `type/unit`. */
  readonly types?: readonly string[];
  readonly periodType?: string;
  readonly samples?: readonly TestSample[];
  readonly timeMs?: number;
}

/** CPU nanoseconds of one stack, unless told otherwise. */
export function testPprof(options: TestPprof = {}): Uint8Array {
  const {
    types = ['cpu/nanoseconds'],
    periodType = 'cpu/nanoseconds',
    samples = [{ stack: ['leaf', 'root'], values: types.map((_, i) => i + 1) }],
    timeMs = 0,
  } = options;
  const strings = new Map([['', 0]]);
  const string = (text: string) => strings.get(text) ?? strings.set(text, strings.size).get(text) ?? 0;
  const functions = new Map<string, number>();
  const functionId = (name: string) => functions.get(name) ?? functions.set(name, functions.size + 1).get(name) ?? 0;
  const valueType = (text: string) => {
    const [type = '', unit = ''] = text.split('/');
    return Buffer.concat([number(1, string(type)), number(2, string(unit))]);
  };
  const fields = [
    ...types.map((type) => message(1, valueType(type))),
    ...samples.map(({ stack, values, labels = {} }) =>
      message(
        2,
        ...stack.map((name) => number(1, functionId(name))),
        ...values.map((value) => number(2, value)),
        ...Object.entries(labels).map(([key, text]) => message(3, number(1, string(key)), number(2, string(text)))),
      ),
    ),
    ...[...functions].flatMap(([name, id]) => [
      message(4, number(1, id), message(4, number(1, id))),
      message(5, number(1, id), number(2, string(name))),
    ]),
    message(11, valueType(periodType)),
    ...(timeMs === 0 ? [] : [number(9, BigInt(timeMs) * 1_000_000n)]),
  ];
  return new Uint8Array(
    Buffer.concat([...fields, ...[...strings.keys()].map((text) => message(6, Buffer.from(text)))]),
  );
}

function varint(value: number | bigint): Buffer {
  let left = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    bytes.push(Number(left & 0x7fn) | (left > 0x7fn ? 0x80 : 0));
    left >>= 7n;
  } while (left > 0n);
  return Buffer.from(bytes);
}

function number(field: number, value: number | bigint): Buffer {
  return Buffer.concat([varint(field << 3), varint(value)]);
}

function message(field: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([varint((field << 3) | 2), varint(content.length), content]);
}
