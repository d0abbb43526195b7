/** Turns frames that open and close into stacks with the time spent in each, equal stacks added up. */
import { FlamelakeError } from '@flamelake/model';
import { GrowingUint32 } from '../growing-columns.ts';
import { type StackLimits, StackSamples } from './stack-samples.ts';
import { malformedText } from './text-lines.ts';

/** Most distinct stacks, those on the way to others included. */
const NODES_MAX = 2_000_000;

export class EventStacks {
  readonly #limits: StackLimits;
  /** Tree of stacks: node 0 is the empty one. */
  readonly #parent = new GrowingUint32();
  readonly #frame = new GrowingUint32();
  readonly #depth = new GrowingUint32();
  readonly #child = new Map<number, number>();
  /** Frames open now, and the node of each. */
  readonly #open = new GrowingUint32();
  readonly #nodes = new GrowingUint32();
  /** Node by stretch of time, and where it ends, from the first event on. */
  readonly #stretchNode = new GrowingUint32();
  readonly #stretchEnd: number[] = [];
  #firstAt = 0;
  #lastAt = 0;
  #hasEvents = false;

  constructor(limits: StackLimits) {
    this.#limits = limits;
    this.#node(0, 0, 0);
  }

  /** @throws {FlamelakeError} `invalid_argument` when time runs backwards or there are too many stacks */
  open(frame: number, at: number): void {
    this.#advance(at);
    const above = this.#current();
    this.#open.push(frame);
    this.#nodes.push(this.#childOf(above, frame));
  }

  /** @throws {FlamelakeError} `invalid_argument` when time runs backwards or another frame is the last opened */
  close(frame: number, at: number): void {
    this.#advance(at);
    const last = this.#open.length - 1;
    if (last < 0 || this.#open.values[last] !== frame) {
      throw malformedText('event closes a frame that is not the last one opened', { frame, at });
    }
    this.#open.length = last;
    this.#nodes.length = last;
  }

  /**
   * @param factor - what a value is multiplied by before it is rounded
   * @throws {FlamelakeError} `invalid_argument` when a frame is still open
   */
  finish(factor: number): StackSamples {
    const left = this.#open.length;
    if (left > 0) throw malformedText('frame is opened and never closed', { frame: this.#open.values[left - 1] });
    const values = new Float64Array(this.#parent.length);
    let last = 0;
    for (const [i, end] of this.#stretchEnd.entries()) {
      const here = Math.round(end * factor);
      if (!Number.isSafeInteger(here)) throw malformedText('time of an event is too large', { at: end });
      const node = this.#stretchNode.values[i];
      values[node] = values[node] + (here - last);
      last = here;
    }
    return this.#samples(values);
  }

  #samples(values: Float64Array): StackSamples {
    const samples = new StackSamples(this.#limits);
    const stack = new Uint32Array(this.#limits.stackDepthMax + 1);
    // Node 0 is time in which no frame was open.
    for (let node = 1; node < values.length; node++) {
      if (values[node] === 0) continue;
      const depth = this.#depth.values[node];
      for (let up = node, i = depth - 1; i >= 0; up = this.#parent.values[up], i--) stack[i] = this.#frame.values[up];
      samples.add(stack, depth, values[node]);
    }
    return samples;
  }

  #current(): number {
    return this.#nodes.length === 0 ? 0 : this.#nodes.values[this.#nodes.length - 1];
  }

  #advance(at: number): void {
    if (!this.#hasEvents) {
      this.#hasEvents = true;
      this.#firstAt = at;
      this.#lastAt = at;
    }
    if (!(at >= this.#lastAt)) throw malformedText('events must be in order of time', { at, last: this.#lastAt });
    if (at === this.#lastAt) return;
    this.#stretchNode.push(this.#current());
    this.#stretchEnd.push(at - this.#firstAt);
    this.#lastAt = at;
  }

  /** The stack one frame deeper; stacks deeper than any that is kept are as their callers. */
  #childOf(parent: number, frame: number): number {
    const depth = this.#depth.values[parent];
    if (depth > this.#limits.stackDepthMax) return parent;
    const key = parent * 0x8000_0000 + frame;
    const known = this.#child.get(key);
    if (known !== undefined) return known;
    const made = this.#node(parent, frame, depth + 1);
    this.#child.set(key, made);
    return made;
  }

  #node(parent: number, frame: number, depth: number): number {
    if (this.#parent.length === NODES_MAX) {
      throw new FlamelakeError('invalid_argument', 'profile holds too many of a kind', {
        kind: 'stacks',
        limit: NODES_MAX,
      });
    }
    this.#parent.push(parent);
    this.#frame.push(frame);
    this.#depth.push(depth);
    return this.#parent.length - 1;
  }
}
