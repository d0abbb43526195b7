/** A property of the protocol that did not hold, by the name the protocol model gives it. */
export type Property =
  /** A linked segment counts something else than the first copies of its offsets. */
  | 'CHAIN-CONTENT'
  /** A version holds a profile in two live blocks. */
  | 'DOUBLE'
  /** A version's blocks hold something else than the first copies below its position. */
  | 'LOST-OR-DOUBLE'
  /** A version's position is no link of the chain, or goes back. */
  | 'POSITION'
  /** An object that a kept version needs is gone. */
  | 'NEEDED-GONE'
  /** An answer counts something else than the first copies of its prefix. */
  | 'COUNT'
  /** An answer ends before what was in the chain when it was asked. */
  | 'STALE'
  /** A query younger than the keeping time met a missing object. */
  | 'MISS'
  /** Without faults, a role does not reach its goal. */
  | 'STUCK'
  /** What no kept version needs is still there after every sweep. */
  | 'GARBAGE'
  /** A role failed in a way that no fault explains. */
  | 'FAILURE';

export class Violation extends Error {
  readonly property: Property;

  constructor(property: Property, message: string, options: { cause?: unknown } = {}) {
    super(`${property}: ${message}`, options);
    this.name = 'Violation';
    this.property = property;
  }
}
