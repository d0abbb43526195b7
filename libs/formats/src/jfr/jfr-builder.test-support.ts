/** Writes small flight recordings: for tests. Constants come behind the events, strings of symbols in every encoding. */

export interface TestFrame {
  readonly class: string;
  readonly method: string;
  readonly line?: number;
}

export interface TestEvent {
  readonly type: keyof typeof EVENTS;
  /** Leaf first. */
  readonly stack?: readonly TestFrame[];
  readonly state?: string;
  /** Numbers and texts by field; what is missing is 0 or ''. */
  readonly fields?: Readonly<Record<string, number | bigint | string>>;
}

export interface TestChunk {
  readonly events: readonly TestEvent[];
  readonly ticksPerSecond?: number;
  readonly startNanos?: bigint;
  readonly durationNanos?: bigint;
}

type Field = readonly [name: string, type: string, kind?: 'constant' | 'array'];
const STACK: Field = ['stackTrace', 'jdk.types.StackTrace', 'constant'];
const STATE: Field = ['state', 'jdk.types.ThreadState', 'constant'];
const START: Field = ['startTime', 'long'];
const LABELS: readonly Field[] = [
  ['spanId', 'long'],
  ['spanName', 'long'],
  ['contextId', 'long'],
  ['traceIdHi', 'long'],
  ['traceIdLo', 'long'],
];
const EVENTS = {
  'jdk.ExecutionSample': [START, STACK, STATE, ...LABELS],
  'profiler.WallClockSample': [START, STACK, STATE, ...LABELS, ['samples', 'int']],
  'jdk.ObjectAllocationInNewTLAB': [START, STACK, ['allocationSize', 'long'], ['tlabSize', 'long']],
  'jdk.ObjectAllocationOutsideTLAB': [START, STACK, ['allocationSize', 'long']],
  'jdk.ObjectAllocationSample': [START, STACK, ['weight', 'long']],
  'jdk.JavaMonitorEnter': [START, ['duration', 'long'], STACK],
  'jdk.ThreadPark': [START, ['duration', 'long'], STACK],
  'profiler.LiveObject': [START, STACK],
  'profiler.Malloc': [START, STACK, ['size', 'long']],
  'jdk.ActiveSetting': [START, ['id', 'long'], ['name', 'java.lang.String'], ['value', 'java.lang.String']],
  'jdk.CPULoad': [START, ['jvmUser', 'float'], ['doubled', 'double'], ['isIdle', 'boolean'], ['list', 'int', 'array']],
} as const satisfies Readonly<Record<string, readonly Field[]>>;

const CLASSES: Readonly<Record<string, readonly Field[]>> = {
  boolean: [],
  int: [],
  long: [],
  float: [],
  double: [],
  'java.lang.String': [],
  'jdk.types.ThreadState': [['name', 'java.lang.String']],
  'jdk.types.StackTrace': [
    ['truncated', 'boolean'],
    ['frames', 'jdk.types.StackFrame', 'array'],
  ],
  'jdk.types.StackFrame': [
    ['method', 'jdk.types.Method', 'constant'],
    ['lineNumber', 'int'],
    ['bytecodeIndex', 'int'],
  ],
  'jdk.types.Method': [
    ['type', 'java.lang.Class', 'constant'],
    ['name', 'jdk.types.Symbol', 'constant'],
    ['hidden', 'boolean'],
  ],
  'java.lang.Class': [['name', 'jdk.types.Symbol', 'constant']],
  'jdk.types.Symbol': [['string', 'java.lang.String']],
  ...EVENTS,
};
const FIRST_ID = 20;
const TYPE_ID = new Map(Object.keys(CLASSES).map((name, i) => [name, FIRST_ID + i]));
const idOf = (name: string) => TYPE_ID.get(name) ?? 0;

/** @returns the chunks one after the other */
export function testRecording(chunks: readonly TestChunk[]): Uint8Array {
  return Buffer.concat(chunks.map(chunkBytes));
}

class Bytes {
  readonly out: number[] = [];

  varint(value: number | bigint): this {
    let left = BigInt(value);
    for (let i = 0; i < 8 && left > 0x7fn; i++, left >>= 7n) this.out.push(Number(left & 0x7fn) | 0x80);
    this.out.push(Number(left));
    return this;
  }

  /** @param encoding - of the format: 3 UTF-8, 4 characters, 5 Latin-1 */
  text(text: string, encoding = 3): this {
    if (text === '') return this.raw([1]);
    if (encoding === 4) {
      this.raw([4]).varint(text.length);
      for (let i = 0; i < text.length; i++) this.varint(text.charCodeAt(i));
      return this;
    }
    const encoded = Buffer.from(text, encoding === 3 ? 'utf8' : 'latin1');
    return this.raw([encoding]).varint(encoded.length).raw(encoded);
  }

  raw(bytes: Iterable<number>): this {
    for (const byte of bytes) this.out.push(byte);
    return this;
  }

  /** As an event: its size, in four bytes as the JDK writes it, in front. */
  event(type: number): Buffer {
    const body = [...new Bytes().varint(type).out, ...this.out];
    const size = body.length + 4;
    return Buffer.from([
      (size & 0x7f) | 0x80,
      ((size >> 7) & 0x7f) | 0x80,
      ((size >> 14) & 0x7f) | 0x80,
      size >> 21,
      ...body,
    ]);
  }
}

function chunkBytes({
  events,
  ticksPerSecond = 1e9,
  startNanos = 1_795_206_635_000_000_000n,
  durationNanos = 10n,
}: TestChunk) {
  const pools = new Pools();
  const written = events.map((event) => eventBytes(event, pools));
  const metadata = metadataBytes();
  const before = 68 + written.reduce((sum, { length }) => sum + length, 0);
  const body = Buffer.concat([...written, metadata, pools.event()]);
  const header = Buffer.alloc(68);
  header.write('FLR\0', 'latin1');
  header.writeUInt16BE(2, 4);
  header.writeBigInt64BE(BigInt(68 + body.length), 8);
  header.writeBigInt64BE(BigInt(before + metadata.length), 16);
  header.writeBigInt64BE(BigInt(before), 24);
  header.writeBigInt64BE(startNanos, 32);
  header.writeBigInt64BE(durationNanos, 40);
  header.writeBigInt64BE(BigInt(ticksPerSecond), 56);
  header.writeUInt32BE(1, 64);
  return Buffer.concat([header, body]);
}

function eventBytes({ type, stack, state, fields = {} }: TestEvent, pools: Pools): Buffer {
  const bytes = new Bytes();
  for (const [name, fieldType, kind] of EVENTS[type] as readonly Field[]) {
    const value = fields[name] ?? 0;
    if (name === 'stackTrace') bytes.varint(stack === undefined ? 0 : pools.stack(stack));
    else if (name === 'state') bytes.varint(state === undefined ? 0 : pools.state(state));
    else if (kind === 'array') bytes.varint(2).varint(7).varint(300);
    else if (fieldType === 'float') bytes.raw([0, 0, 0, 1]);
    else if (fieldType === 'double') bytes.raw([0, 0, 0, 0, 0, 0, 0, 1]);
    else if (fieldType === 'boolean') bytes.raw([1]);
    else if (fieldType === 'java.lang.String') bytes.raw([2]).varint(pools.string(String(value)));
    else bytes.varint(BigInt(value));
  }
  return bytes.event(idOf(type));
}

/** Constants as they are first named, with ids from 1 on. */
class Pools {
  readonly #entries = new Map<string, Map<string, { id: number; bytes: Bytes }>>();

  stack(frames: readonly TestFrame[]): number {
    return this.#id('jdk.types.StackTrace', JSON.stringify(frames), () => {
      const bytes = new Bytes().raw([0]).varint(frames.length);
      for (const frame of frames)
        bytes
          .varint(this.#method(frame))
          .varint(frame.line ?? 0)
          .varint(9);
      return bytes;
    });
  }

  state(name: string): number {
    return this.#id('jdk.types.ThreadState', name, () => new Bytes().text(name));
  }

  string(text: string): number {
    return this.#id('java.lang.String', text, () => new Bytes().text(text));
  }

  event(): Buffer {
    const bytes = new Bytes().varint(5).varint(0).varint(0).raw([1]).varint(this.#entries.size);
    for (const [type, entries] of this.#entries) {
      bytes.varint(idOf(type)).varint(entries.size);
      for (const entry of entries.values()) bytes.varint(entry.id).raw(entry.bytes.out);
    }
    return bytes.event(1);
  }

  #method({ class: owner, method }: TestFrame): number {
    return this.#id('jdk.types.Method', `${owner} ${method}`, () => {
      const type = owner === '' ? 0 : this.#id('java.lang.Class', owner, () => new Bytes().varint(this.#symbol(owner)));
      return new Bytes().varint(type).varint(this.#symbol(method)).raw([0]);
    });
  }

  /** In turn in each encoding, and from the pool of strings. */
  #symbol(text: string): number {
    const isLatin = !/[^\0-\xff]/.test(text);
    return this.#id('jdk.types.Symbol', text, () => {
      const turn = text.length % 4;
      if (turn === 3) return new Bytes().raw([2]).varint(this.string(text));
      return new Bytes().text(text, turn === 2 && isLatin ? 5 : turn === 1 ? 4 : 3);
    });
  }

  #id(type: string, key: string, make: () => Bytes): number {
    const entries = this.#entries.get(type) ?? new Map<string, { id: number; bytes: Bytes }>();
    this.#entries.set(type, entries);
    const known = entries.get(key);
    if (known !== undefined) return known.id;
    const bytes = make();
    const id = entries.size + 1;
    entries.set(key, { id, bytes });
    return id;
  }
}

function metadataBytes(): Buffer {
  const strings: string[] = [];
  const index = (text: string) => {
    const known = strings.indexOf(text);
    return known >= 0 ? known : strings.push(text) - 1;
  };
  const tree = new Bytes();
  const element = (name: string, attributes: Readonly<Record<string, string>>, children: readonly (() => void)[]) => {
    tree.varint(index(name)).varint(Object.keys(attributes).length);
    for (const [key, value] of Object.entries(attributes)) tree.varint(index(key)).varint(index(value));
    tree.varint(children.length);
    for (const child of children) child();
  };
  const field =
    ([name, type, kind]: Field) =>
    () => {
      const more: Record<string, string> =
        kind === 'constant' ? { constantPool: 'true' } : kind === 'array' ? { dimension: '1' } : {};
      element('field', { name, class: String(idOf(type)), ...more }, []);
    };
  const classes = Object.entries(CLASSES).map(([name, fields]) => () => {
    element('class', { name, id: String(idOf(name)) }, fields.map(field));
  });
  element('root', {}, [() => element('metadata', {}, classes), () => element('region', { locale: 'en' }, [])]);
  const bytes = new Bytes().varint(5).varint(0).varint(1).varint(strings.length);
  for (const text of strings) bytes.text(text);
  return bytes.raw(tree.out).event(0);
}
