/**
 * What the values of a format without sample types count: said by the last part of the application's name, as in
 * `shop.alloc_space`, and `cpu` when that has no parts.
 */
import { FlamelakeError } from '@flamelake/model';
import type { ValueType } from '../pprof.ts';

export interface StackKind {
  /** Profile name (`__name__`). */
  readonly name: string;
  readonly sampleType: ValueType;
  /** Values count samples, which stand for time: they are multiplied by the nanoseconds of one. */
  readonly isTime: boolean;
}

const time = (name: string, type: string): StackKind => ({
  name,
  sampleType: { type, unit: 'nanoseconds' },
  isTime: true,
});
const plain = (name: string, type: string, unit: string): StackKind => ({
  name,
  sampleType: { type, unit },
  isTime: false,
});
const CPU = time('process_cpu', 'cpu');
const WALL = time('wall', 'wall');

const KINDS: ReadonlyMap<string, StackKind> = new Map(
  Object.entries({
    cpu: CPU,
    itimer: CPU,
    wall: WALL,
    seconds: WALL,
    milliseconds: WALL,
    microseconds: WALL,
    nanoseconds: WALL,
    inuse_objects: plain('memory', 'inuse_objects', 'count'),
    alloc_objects: plain('memory', 'alloc_objects', 'count'),
    inuse_space: plain('memory', 'inuse_space', 'bytes'),
    alloc_space: plain('memory', 'alloc_space', 'bytes'),
    goroutines: plain('goroutine', 'goroutines', 'count'),
    mutex_count: plain('mutex', 'contentions', 'count'),
    mutex_duration: plain('mutex', 'delay', 'nanoseconds'),
    block_count: plain('block', 'contentions', 'count'),
    lock_count: plain('block', 'contentions', 'count'),
    block_duration: plain('block', 'delay', 'nanoseconds'),
    lock_duration: plain('block', 'delay', 'nanoseconds'),
    alloc_in_new_tlab_objects: plain('memory', 'alloc_in_new_tlab_objects', 'count'),
    alloc_outside_tlab_objects: plain('memory', 'alloc_outside_tlab_objects', 'count'),
    alloc_in_new_tlab_bytes: plain('memory', 'alloc_in_new_tlab_bytes', 'bytes'),
    alloc_outside_tlab_bytes: plain('memory', 'alloc_outside_tlab_bytes', 'bytes'),
    live: plain('memory', 'live', 'count'),
    exceptions: plain('exceptions', 'samples', 'count'),
    bytes: plain('memory', 'samples', 'bytes'),
  }),
);

/** Names of the kinds, for messages and help. */
export const STACK_KIND_NAMES: readonly string[] = [...KINDS.keys()];

/** @throws {FlamelakeError} `invalid_argument` when there is no such kind */
export function stackKind(name: string): StackKind {
  const kind = KINDS.get(name);
  if (kind !== undefined) return kind;
  throw new FlamelakeError('invalid_argument', 'kind of the profile is not known', {
    kind: name.slice(0, 64),
    known: STACK_KIND_NAMES.join(' '),
  });
}
