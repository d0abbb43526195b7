/** Reads the events of a chunk that become samples. */
import { type FieldPlan, planFields, readFields } from './field-plan.ts';
import {
  COUNTED_EVENTS,
  type JfrProfileKind,
  STATE_RUNNABLE,
  STATE_SLEEPING,
  TIMED_EVENTS,
  WALL_CLOCK_EVENT,
} from './jfr-events.ts';
import type { JfrMetadata } from './jfr-metadata.ts';
import { type JfrReader, malformedJfr } from './jfr-reader.ts';
import type { JfrSamples } from './jfr-samples.ts';
import type { LabelSets } from './label-sets.ts';

/** Reads an event behind its size and type. @param end - offset behind it */
export type EventReader = (reader: JfrReader, end: number) => void;

export interface EventSurroundings {
  /** The engine that takes samples of threads. */
  readonly engine: string;
  /** Stack of a constant. */
  readonly stackOf: (id: number) => number;
  /** Name of a thread's state. */
  readonly stateOf: (id: number) => string;
  readonly ticksPerNano: number;
  readonly labelSets: LabelSets;
  readonly samplesOf: (kind: JfrProfileKind) => JfrSamples;
}

/** Slots of every event; those of its own come behind them. */
const FIELDS = ['stackTrace', 'contextId', 'spanName'] as const;
const STACK = 0;
const CONTEXT = 1;
const SPAN_NAME = 2;
const OWN = FIELDS.length;
const PLACES = ['spanId', 'traceIdHi', 'traceIdLo'] as const;

/** @returns readers by type id */
export function planEvents(metadata: JfrMetadata, surroundings: EventSurroundings): Map<number, EventReader> {
  const readers = new Map<number, EventReader>();
  for (const type of metadata.byName.values()) {
    const counted = COUNTED_EVENTS.get(type.name);
    const isTimed = TIMED_EVENTS.has(type.name);
    if (counted === undefined && !isTimed) continue;
    const own = isTimed ? ['state', 'samples'] : counted?.field === undefined ? [] : [counted.field];
    const fields = [...FIELDS, ...own];
    const plan = planFields(metadata, type, fields, PLACES);
    const slots = new Float64Array(fields.length + PLACES.length);
    const common = commonReader(plan, slots, fields.length, surroundings);
    if (counted !== undefined) {
      const { ticksPerNano, samplesOf } = surroundings;
      readers.set(type.id, (reader, end) => {
        const { stack, labelSet } = common(reader, end);
        const value = counted.field === undefined ? 0 : slots[OWN];
        samplesOf(counted.kind).add(stack, labelSet, 1, counted.isTicks ? Math.round(value / ticksPerNano) : value);
      });
    } else readers.set(type.id, timedReader(plan, slots, common, type.name === WALL_CLOCK_EVENT, surroundings));
  }
  return readers;
}

type CommonReader = (reader: JfrReader, end: number) => { stack: number; labelSet: number };

/** Fills the slots of an event and finds its stack and labels. */
function commonReader(
  plan: FieldPlan,
  slots: Float64Array,
  spanSlot: number,
  { stackOf, labelSets }: EventSurroundings,
): CommonReader {
  const hasSpans = plan.slots.includes(spanSlot);
  const wide = (reader: JfrReader, slot: number): bigint => {
    if (slots[slot] === 0) return 0n;
    reader.at = slots[slot];
    return reader.wideVarint();
  };
  return (reader, end) => {
    slots.fill(0);
    readFields(reader, plan, slots, plan.wantedSteps);
    if (reader.at > end) throw malformedJfr('event of a recording is longer than it says', { offset: end });
    const spanId = hasSpans ? wide(reader, spanSlot) : 0n;
    const labelSet =
      spanId === 0n
        ? labelSets.ofContext(slots[CONTEXT])
        : labelSets.ofSpan(slots[CONTEXT], {
            spanId,
            spanName: slots[SPAN_NAME],
            traceIdHigh: wide(reader, spanSlot + 1),
            traceIdLow: wide(reader, spanSlot + 2),
          });
    return { stack: stackOf(slots[STACK]), labelSet };
  };
}

/**
 * Samples of threads: those of the CPU engines are CPU time unless the thread slept, those of the wall clock wall time. An engine that
 * takes both at once marks the running ones.
 */
function timedReader(
  plan: FieldPlan,
  slots: Float64Array,
  common: CommonReader,
  isWallClock: boolean,
  { engine, stateOf, samplesOf }: EventSurroundings,
): EventReader {
  const hasCount = plan.slots.includes(OWN + 1);
  const states = new Map<number, string>();
  const isWallEngine = engine === 'wall';
  return (reader, end) => {
    const { stack, labelSet } = common(reader, end);
    const stateId = slots[OWN];
    let state = states.get(stateId);
    if (state === undefined) {
      state = stateOf(stateId);
      states.set(stateId, state);
    }
    const count = hasCount ? slots[OWN + 1] : 1;
    const isCpu = isWallClock ? isWallEngine && state === STATE_RUNNABLE : state !== STATE_SLEEPING;
    if (isCpu) samplesOf('cpu').add(stack, labelSet, count, 0);
    if (isWallClock || isWallEngine) samplesOf('wall').add(stack, labelSet, count, 0);
  };
}
