/** Stacks of a recording as runs of frames, read when an event first refers to them. Frames outlive their chunk. */
import { FlamelakeError } from '@flamelake/model';
import { GrowingUint32 } from '../growing-columns.ts';
import type { FrameColumns } from '../text/stack-profile.ts';
import { StringTable } from '../text/string-table.ts';
import { ConstantPools } from './constant-pools.ts';
import { type FieldPlan, planFields, readFields } from './field-plan.ts';
import type { JfrMetadata } from './jfr-metadata.ts';
import { type JfrReader, malformedJfr } from './jfr-reader.ts';

/** Classes whose constants are read. */
export const POOLED_CLASSES: readonly string[] = [
  'jdk.types.StackTrace',
  'jdk.types.Method',
  'java.lang.Class',
  'jdk.types.Symbol',
  'jdk.types.ThreadState',
  'java.lang.String',
];
const FRAMES_MAX = 1_000_000;
const STACK_FRAMES_MAX = 8_388_608;
/** Java's class files have 16 bits for a line; larger ones say nothing. */
const LINE_MAX = 65_535;
const NO_METHOD = '[unknown]';

export class JfrStacks {
  readonly strings = new StringTable();
  readonly #depthMax: number;
  /** String index and line by frame; frame by both. */
  readonly #name = new GrowingUint32();
  readonly #line = new GrowingUint32();
  readonly #frames = new Map<number, number>();
  /** Frames of all stacks, leaf first, and where each stack ends. Stack 0 is empty. */
  readonly #locations = new GrowingUint32();
  readonly #ends = new GrowingUint32();

  /** @param depthMax - frames of a stack that are wanted, from the root on; one more is kept of a deeper one */
  constructor(depthMax: number) {
    this.#depthMax = depthMax;
    this.#ends.push(0);
  }

  /** Offsets of a stack's frames in `locations`. */
  range(stack: number): readonly [start: number, end: number] {
    return [stack === 0 ? 0 : this.#ends.values[stack - 1], this.#ends.values[stack]];
  }

  get locations(): Uint32Array {
    return this.#locations.values;
  }

  /** Frames by location index. */
  finish(): FrameColumns {
    const count = this.#name.length;
    return {
      name: this.#name.values.slice(0, count),
      filename: new Uint32Array(count),
      line: new Int32Array(this.#line.values.slice(0, count).buffer),
    };
  }

  /** The stacks of a chunk by the id of their constant. */
  chunk(reader: JfrReader, metadata: JfrMetadata, pools: ConstantPools): (id: number) => number {
    const stacks = new Map<number, number>();
    const names = createMethodNames(reader, metadata, pools, this.strings);
    const traces = pools.of('jdk.types.StackTrace');
    const plan = planOf(metadata, 'jdk.types.StackTrace', ['frames']);
    const framePlan = planOf(metadata, 'jdk.types.StackFrame', ['method', 'lineNumber']);
    const slots = new Float64Array(2);
    return (id) => {
      const known = stacks.get(id);
      if (known !== undefined) return known;
      const offset = traces.offset(id);
      let stack = 0;
      if (offset !== 0 && plan !== undefined && framePlan !== undefined) {
        reader.at = offset;
        readFields(reader, plan, slots);
        reader.at = slots[0];
        stack = this.#readStack(reader, framePlan, slots, names);
      }
      stacks.set(id, stack);
      return stack;
    };
  }

  #readStack(reader: JfrReader, plan: FieldPlan, slots: Float64Array, names: (method: number) => number): number {
    const count = reader.count();
    if (count === 0) return 0;
    // The leaf comes first, so what is cut is passed over.
    const cut = Math.max(0, count - this.#depthMax - 1);
    if (this.#locations.length + count - cut > STACK_FRAMES_MAX) throw tooMany('frames of stacks', STACK_FRAMES_MAX);
    for (let i = 0; i < count; i++) {
      slots[1] = 0;
      readFields(reader, plan, slots);
      if (i < cut) continue;
      const { at } = reader;
      const line = slots[1];
      this.#locations.push(this.#frame(names(slots[0]), line <= LINE_MAX ? line : 0));
      reader.at = at;
    }
    this.#ends.push(this.#locations.length);
    return this.#ends.length - 1;
  }

  #frame(name: number, line: number): number {
    const key = name * (LINE_MAX + 1) + line;
    const known = this.#frames.get(key);
    if (known !== undefined) return known;
    if (this.#name.length === FRAMES_MAX) throw tooMany('frames', FRAMES_MAX);
    this.#name.push(name);
    this.#line.push(line);
    this.#frames.set(key, this.#name.length - 1);
    return this.#name.length - 1;
  }
}

/** Names of methods, `class.method` with the class as the JVM writes it, as string indexes. */
function createMethodNames(
  reader: JfrReader,
  metadata: JfrMetadata,
  pools: ConstantPools,
  strings: StringTable,
): (method: number) => number {
  const names = new Map<number, number>();
  const methods = pools.of('jdk.types.Method');
  const classes = pools.of('java.lang.Class');
  const methodPlan = planOf(metadata, 'jdk.types.Method', ['type', 'name']);
  const classPlan = planOf(metadata, 'java.lang.Class', ['name']);
  const slots = new Float64Array(2);
  const text = createTexts(reader, metadata, pools);
  const read = (id: number): string => {
    const offset = methods.offset(id);
    if (offset === 0 || methodPlan === undefined) return NO_METHOD;
    reader.at = offset;
    readFields(reader, methodPlan, slots);
    const [type, name] = slots;
    const classOffset = classes.offset(type);
    let owner = '';
    if (classOffset !== 0 && classPlan !== undefined) {
      reader.at = classOffset;
      readFields(reader, classPlan, slots);
      owner = text.symbol(slots[0]);
    }
    const own = text.symbol(name);
    // Native functions have no class.
    return owner === '' ? own || NO_METHOD : `${owner}.${own}`;
  };
  return (id) => {
    let name = names.get(id);
    if (name === undefined) {
      name = strings.text(read(id));
      names.set(id, name);
    }
    return name;
  };
}

/** Reads texts of constants. */
export function createTexts(reader: JfrReader, metadata: JfrMetadata, pools: ConstantPools) {
  const symbols = pools.of('jdk.types.Symbol');
  const states = pools.of('jdk.types.ThreadState');
  const texts = pools.of('java.lang.String');
  const symbolPlan = planOf(metadata, 'jdk.types.Symbol', ['string']);
  const statePlan = planOf(metadata, 'jdk.types.ThreadState', ['name']);
  const slots = new Float64Array(1);
  const pooled = (id: number): string => {
    const offset = texts.offset(id);
    if (offset === 0) return '';
    reader.at = offset;
    // A string of the pool stands there itself.
    return reader.string(() => '');
  };
  const field = (offset: number, plan: FieldPlan | undefined): string => {
    if (offset === 0 || plan === undefined) return '';
    reader.at = offset;
    readFields(reader, plan, slots);
    reader.at = slots[0];
    return reader.string(pooled);
  };
  return {
    symbol: (id: number) => field(symbols.offset(id), symbolPlan),
    state: (id: number) => field(states.offset(id), statePlan),
    /** A string at an offset. */
    at(offset: number): string {
      reader.at = offset;
      return reader.string(pooled);
    },
  };
}

/** undefined when the recording has no such class. */
function planOf(metadata: JfrMetadata, name: string, wanted: readonly string[]): FieldPlan | undefined {
  const type = metadata.byName.get(name);
  if (type === undefined) return undefined;
  const plan = planFields(metadata, type, wanted);
  if (wanted.some((_, slot) => !plan.slots.includes(slot))) {
    throw malformedJfr('class of a recording lacks a field', { class: name, fields: wanted.join(' ') });
  }
  return plan;
}

function tooMany(kind: string, limit: number): FlamelakeError {
  return new FlamelakeError('invalid_argument', 'profile holds too many of a kind', { kind, limit });
}
