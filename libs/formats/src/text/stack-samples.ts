/** Stacks and values of one profile while it is read from a format that has one value a stack. */
import { FlamelakeError } from '@flamelake/model';
import { GrowingUint32 } from '../growing-columns.ts';
import type { StackColumns } from '../symbols.ts';

/** Most frames of all stacks: formats that share prefixes could spell out far more than they send. */
const FRAMES_MAX = 8_388_608;
const TWO_32 = 0x1_0000_0000;

export interface StackLimits {
  /** Most samples accepted. */
  readonly samplesMax: number;
  /** Frames of a stack that are wanted; one more is kept, by which the normaliser sees that the stack was cut. */
  readonly stackDepthMax: number;
}

export class StackSamples {
  readonly #limits: StackLimits;
  readonly #locations = new GrowingUint32();
  readonly #ends = new GrowingUint32();
  /** Low and high halves. */
  readonly #values = new GrowingUint32();

  constructor(limits: StackLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#ends.length;
  }

  /**
   * @param frames - location indexes, root first, of which `depth` count
   * @param value - a whole number from 0 to 2^53, or any int64 as BigInt
   * @throws {FlamelakeError} `invalid_argument` over a limit
   */
  add(frames: Uint32Array, depth: number, value: number | bigint): void {
    const kept = Math.min(depth, this.#limits.stackDepthMax + 1);
    if (this.#ends.length >= this.#limits.samplesMax) throw tooMany('samples', this.#limits.samplesMax);
    if (this.#locations.length + kept > FRAMES_MAX) throw tooMany('frames of stacks', FRAMES_MAX);
    const target = this.#locations.reserve(kept);
    let at = this.#locations.length;
    for (let i = kept - 1; i >= 0; i--) target[at++] = frames[i];
    this.#locations.length = at;
    this.#ends.push(at);
    this.#values.push(0);
    this.#values.push(0);
    this.setValue(this.#ends.length - 1, value);
  }

  /** Adds one to the value of a sample, which stays below 2^53. */
  increment(sample: number): void {
    const { values } = this.#values;
    if (++values[sample * 2] === 0) values[sample * 2 + 1] = values[sample * 2 + 1] + 1;
  }

  /**
   * @param scale - what one stands for; a whole number
   * @throws {FlamelakeError} `invalid_argument` when a value leaves int64
   */
  finish(scale: number): { stacks: StackColumns; values: BigInt64Array } {
    const count = this.#ends.length;
    const start = new Uint32Array(count + 1);
    start.set(this.#ends.values.subarray(0, count), 1);
    if (scale !== 1) this.#scale(scale);
    return {
      stacks: { count, start, locations: this.#locations.values.slice(0, this.#locations.length) },
      values: new BigInt64Array(this.#values.values.slice(0, count * 2).buffer),
    };
  }

  /** Replaces the value of a sample. */
  setValue(sample: number, value: number | bigint): void {
    const { values } = this.#values;
    if (typeof value === 'number') {
      values[sample * 2] = value % TWO_32;
      values[sample * 2 + 1] = Math.floor(value / TWO_32);
    } else {
      values[sample * 2] = Number(value & 0xffff_ffffn);
      values[sample * 2 + 1] = Number(value >> 32n);
    }
  }

  #scale(scale: number): void {
    const { values } = this.#values;
    const exactMax = Number.MAX_SAFE_INTEGER / Math.max(1, scale);
    for (let sample = 0; sample < this.#ends.length; sample++) {
      const value = values[sample * 2 + 1] * TWO_32 + values[sample * 2];
      if (value <= exactMax) {
        this.setValue(sample, value * scale);
        continue;
      }
      const whole = (BigInt(values[sample * 2 + 1]) << 32n) | BigInt(values[sample * 2]);
      const scaled = whole * BigInt(scale);
      if (scaled > 0x7fff_ffff_ffff_ffffn) {
        throw new FlamelakeError('invalid_argument', 'value of a sample leaves int64', { value: whole, scale });
      }
      this.setValue(sample, scaled);
    }
  }
}

function tooMany(kind: string, limit: number): FlamelakeError {
  return new FlamelakeError('invalid_argument', 'profile holds too many of a kind', { kind, limit });
}
