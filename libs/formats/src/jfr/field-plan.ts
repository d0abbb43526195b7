/**
 * How to step through a value of a class: its fields one after the other, those within it in its place, down to numbers, strings
 * and arrays. What is wanted of it goes to slots.
 */
import type { JfrClass, JfrMetadata } from './jfr-metadata.ts';
import { type JfrReader, malformedJfr } from './jfr-reader.ts';

const OP = { varint: 0, byte: 1, four: 2, eight: 3, string: 4, array: 5, place: 6 } as const;
const DEPTH_MAX = 8;
const STEPS_MAX = 2_000;
const UNWANTED = -1;

const PRIMITIVES: ReadonlyMap<string, number> = new Map([
  ['boolean', OP.byte],
  ['byte', OP.byte],
  ['short', OP.varint],
  ['char', OP.varint],
  ['int', OP.varint],
  ['long', OP.varint],
  ['float', OP.four],
  ['double', OP.eight],
  ['java.lang.String', OP.string],
]);

export interface FieldPlan {
  readonly ops: readonly number[];
  /** Slot by step; -1 for none. */
  readonly slots: readonly number[];
  /** Plan of an element, by step of an array. */
  readonly elements: readonly (FieldPlan | undefined)[];
  /** Steps up to the last that is wanted. */
  readonly wantedSteps: number;
}

/**
 * @param wanted - names of fields of the class itself: field `i` goes to slot `i`
 * @param places - names of fields of which the slots behind those get the offset, for numbers past 2^53
 * @throws {FlamelakeError} `invalid_argument` when the class has a field of an unknown one, or holds itself
 */
export function planFields(
  metadata: JfrMetadata,
  type: JfrClass,
  wanted: readonly string[],
  places: readonly string[] = [],
): FieldPlan {
  const steps: Step[] = [];
  // A number or a string has no fields: it stands there itself.
  const own = PRIMITIVES.get(type.name);
  if (own !== undefined) steps.push({ op: own, slot: UNWANTED });
  const slotOf = (name: string): number => {
    const place = places.indexOf(name);
    return place < 0 ? wanted.indexOf(name) : wanted.length + place;
  };
  addSteps({ metadata, made: 0 }, type, steps, 0, slotOf);
  const plan = finishPlan(steps);
  const isPlace = (slot: number) => slot >= wanted.length;
  return {
    ...plan,
    ops: plan.ops.map((op, i) => (op === OP.varint && isPlace(plan.slots[i] ?? UNWANTED) ? OP.place : op)),
  };
}

interface Step {
  readonly op: number;
  readonly slot: number;
  readonly element?: FieldPlan;
}

interface Planning {
  readonly metadata: JfrMetadata;
  /** Steps made, those of elements included. */
  made: number;
}

const unwanted = () => UNWANTED;

function addSteps(
  planning: Planning,
  type: JfrClass,
  steps: Step[],
  depth: number,
  slotOf: (name: string) => number,
): void {
  if (depth > DEPTH_MAX) throw malformedJfr('class of a recording holds itself', { class: type.name.slice(0, 128) });
  for (const { name, typeId, isConstant, isArray } of type.fields) {
    if (++planning.made > STEPS_MAX) {
      throw malformedJfr('class of a recording has too many fields', {
        class: type.name.slice(0, 128),
        limit: STEPS_MAX,
      });
    }
    const fieldType = planning.metadata.byId.get(typeId);
    const op = isConstant ? OP.varint : PRIMITIVES.get(fieldType?.name ?? '');
    if (fieldType === undefined)
      throw malformedJfr('field of a recording has no known class', { field: name.slice(0, 128) });
    const slot = depth === 0 ? slotOf(name) : UNWANTED;
    const own: Step[] = isArray ? [] : steps;
    if (op !== undefined) own.push({ op, slot: isArray ? UNWANTED : slot });
    else addSteps(planning, fieldType, own, depth + 1, unwanted);
    if (isArray) steps.push({ op: OP.array, slot, element: finishPlan(own) });
  }
}

function finishPlan(steps: readonly Step[]): FieldPlan {
  return {
    ops: steps.map(({ op }) => op),
    slots: steps.map(({ slot }) => slot),
    elements: steps.map(({ element }) => element),
    wantedSteps: steps.findLastIndex(({ slot }) => slot !== UNWANTED) + 1,
  };
}

/**
 * Steps through a value. A slot gets the number, or the offset at which a string or an array begins.
 * @param steps - how many are of interest; all, unless the end of the value is known otherwise
 */
export function readFields(reader: JfrReader, plan: FieldPlan, slots: Float64Array, steps = plan.ops.length): void {
  for (let i = 0; i < steps; i++) {
    const op = plan.ops[i];
    const slot = plan.slots[i];
    if (op === OP.varint) {
      const value = reader.varint();
      if (slot >= 0) slots[slot] = value;
      continue;
    }
    if (slot >= 0) slots[slot] = op === OP.byte ? reader.bytes[reader.at] : reader.at;
    if (op === OP.byte) reader.skip(1);
    else if (op === OP.four) reader.skip(4);
    else if (op === OP.eight) reader.skip(8);
    else if (op === OP.string) reader.skipString();
    else if (op === OP.place) reader.varint();
    else skipArray(reader, plan.elements[i], slots);
  }
}

function skipArray(reader: JfrReader, element: FieldPlan | undefined, slots: Float64Array): void {
  const count = reader.count();
  // Elements without fields take no bytes, and there could be any number of them.
  if (element === undefined || element.ops.length === 0) return;
  for (let left = count; left > 0; left--) readFields(reader, element, slots);
}
