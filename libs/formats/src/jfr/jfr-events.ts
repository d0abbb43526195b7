/** Which events of a recording become samples, and of which profiles. */
import type { ValueType } from '../pprof.ts';

export type JfrProfileKind =
  | 'cpu'
  | 'wall'
  | 'newTlab'
  | 'outsideTlab'
  | 'allocation'
  | 'monitor'
  | 'park'
  | 'live'
  | 'malloc';

export interface JfrProfileType {
  /** Profile name (`__name__`). */
  readonly name: string;
  readonly sampleTypes: readonly ValueType[];
  readonly periodType: ValueType | undefined;
}

const type = (name: string, unit: string): ValueType => ({ type: name, unit });
const COUNT = 'count';
const SPACE = type('space', 'bytes');
const CONTENTIONS = [type('contentions', COUNT), type('delay', 'nanoseconds')];
const CPU = type('cpu', 'nanoseconds');
const WALL = type('wall', 'nanoseconds');

export const JFR_PROFILES: Readonly<Record<JfrProfileKind, JfrProfileType>> = {
  cpu: { name: 'process_cpu', sampleTypes: [CPU], periodType: CPU },
  wall: { name: 'wall', sampleTypes: [WALL], periodType: WALL },
  newTlab: {
    name: 'memory',
    sampleTypes: [type('alloc_in_new_tlab_objects', COUNT), type('alloc_in_new_tlab_bytes', 'bytes')],
    periodType: SPACE,
  },
  outsideTlab: {
    name: 'memory',
    sampleTypes: [type('alloc_outside_tlab_objects', COUNT), type('alloc_outside_tlab_bytes', 'bytes')],
    periodType: SPACE,
  },
  allocation: {
    name: 'memory',
    sampleTypes: [type('alloc_sample_objects', COUNT), type('alloc_sample_bytes', 'bytes')],
    periodType: SPACE,
  },
  monitor: { name: 'mutex', sampleTypes: CONTENTIONS, periodType: type('mutex', COUNT) },
  park: { name: 'block', sampleTypes: CONTENTIONS, periodType: type('block', COUNT) },
  live: { name: 'memory', sampleTypes: [type('live', COUNT)], periodType: type('objects', COUNT) },
  malloc: {
    name: 'memory',
    sampleTypes: [type('malloc_objects', COUNT), type('malloc_bytes', 'bytes')],
    periodType: undefined,
  },
};

/** An event that becomes one sample of a profile, with its count and one more value. */
export interface CountedEvent {
  readonly kind: JfrProfileKind;
  /** Field of the second value. */
  readonly field?: string;
  /** The field is in ticks of the chunk's clock, and the value in nanoseconds. */
  readonly isTicks?: true;
}

export const COUNTED_EVENTS: ReadonlyMap<string, CountedEvent> = new Map(
  Object.entries({
    'jdk.ObjectAllocationInNewTLAB': { kind: 'newTlab', field: 'tlabSize' },
    'jdk.ObjectAllocationOutsideTLAB': { kind: 'outsideTlab', field: 'allocationSize' },
    'jdk.ObjectAllocationSample': { kind: 'allocation', field: 'weight' },
    'jdk.JavaMonitorEnter': { kind: 'monitor', field: 'duration', isTicks: true },
    'jdk.ThreadPark': { kind: 'park', field: 'duration', isTicks: true },
    'profiler.LiveObject': { kind: 'live' },
    'profiler.Malloc': { kind: 'malloc', field: 'size' },
  } satisfies Record<string, CountedEvent>),
);

/** Events of running or waiting threads, whose samples stand for time. */
export const TIMED_EVENTS: ReadonlySet<string> = new Set(['jdk.ExecutionSample', 'profiler.WallClockSample']);
export const WALL_CLOCK_EVENT = 'profiler.WallClockSample';
export const SETTING_EVENT = 'jdk.ActiveSetting';
export const STATE_SLEEPING = 'STATE_SLEEPING';
export const STATE_RUNNABLE = 'STATE_RUNNABLE';
