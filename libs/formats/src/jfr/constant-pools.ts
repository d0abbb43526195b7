/**
 * Constants of a chunk by class and id: where each stands in the recording. They are read when an event refers to them, and most
 * never are. Events of type 1 hold them: class by class, each constant behind its id.
 */
import { type FieldPlan, planFields, readFields } from './field-plan.ts';
import type { JfrMetadata } from './jfr-metadata.ts';
import { type JfrReader, malformedJfr } from './jfr-reader.ts';

/** Most constants of the classes of interest in a chunk. */
const CONSTANTS_MAX = 2_000_000;
const SLOTS_MIN = 64;
const HASH_MULTIPLIER = 0x9e37_79b1;
const TWO_32 = 0x1_0000_0000;

/** Offsets by id. */
export class PoolIndex {
  #ids = new Float64Array(SLOTS_MIN);
  /** 0 is free: no constant stands at the beginning of a recording. */
  #offsets = new Uint32Array(SLOTS_MIN);
  #count = 0;

  /** Of constants with the same id the last one stays. */
  set(id: number, offset: number): void {
    const slot = this.#slot(id);
    if (this.#offsets[slot] === 0) this.#count++;
    this.#ids[slot] = id;
    this.#offsets[slot] = offset;
    if (this.#count > CONSTANTS_MAX) throw malformedJfr('recording has too many constants', { limit: CONSTANTS_MAX });
    if (this.#count * 2 > this.#offsets.length) this.#grow();
  }

  /** 0 when there is none. */
  offset(id: number): number {
    return this.#offsets[this.#slot(id)];
  }

  #slot(id: number): number {
    const mask = this.#offsets.length - 1;
    const hash = Math.imul((id % TWO_32) ^ Math.imul(id / TWO_32, HASH_MULTIPLIER), HASH_MULTIPLIER);
    let slot = (hash ^ (hash >>> 15)) & mask;
    while (this.#offsets[slot] !== 0 && this.#ids[slot] !== id) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const [ids, offsets] = [this.#ids, this.#offsets];
    this.#ids = new Float64Array(ids.length * 2);
    this.#offsets = new Uint32Array(ids.length * 2);
    for (let i = 0; i < ids.length; i++) {
      if (offsets[i] === 0) continue;
      const slot = this.#slot(ids[i]);
      this.#ids[slot] = ids[i];
      this.#offsets[slot] = offsets[i];
    }
  }
}

export class ConstantPools {
  readonly #metadata: JfrMetadata;
  readonly #pools = new Map<number, PoolIndex>();
  readonly #plans = new Map<number, FieldPlan>();
  readonly #noSlots = new Float64Array(0);

  /** @param classes - names of the classes of interest */
  constructor(metadata: JfrMetadata, classes: readonly string[]) {
    this.#metadata = metadata;
    for (const name of classes) {
      const found = metadata.byName.get(name);
      if (found !== undefined) this.#pools.set(found.id, new PoolIndex());
    }
  }

  /** Constants of a class; none of one that the recording does not have. */
  of(className: string): PoolIndex {
    const found = this.#metadata.byName.get(className);
    return (found === undefined ? undefined : this.#pools.get(found.id)) ?? NO_CONSTANTS;
  }

  /** Takes in the constants of an event. @param reader - behind size and type */
  read(reader: JfrReader): void {
    for (let i = 0; i < 3; i++) reader.varint();
    reader.byte();
    for (let pools = reader.count(); pools > 0; pools--) {
      const typeId = reader.varint();
      const index = this.#pools.get(typeId);
      const plan = this.#plan(typeId);
      for (let constants = reader.count(); constants > 0; constants--) {
        const id = reader.varint();
        index?.set(id, reader.at);
        readFields(reader, plan, this.#noSlots);
      }
    }
  }

  #plan(typeId: number): FieldPlan {
    const known = this.#plans.get(typeId);
    if (known !== undefined) return known;
    const type = this.#metadata.byId.get(typeId);
    if (type === undefined) throw malformedJfr('constants of a recording have no known class', { typeId });
    const plan = planFields(this.#metadata, type, []);
    this.#plans.set(typeId, plan);
    return plan;
  }
}

const NO_CONSTANTS = new PoolIndex();
