/**
 * Bounds what a request can make of its bytes: profiles refer to stacks, locations and strings that all of them share, so a few
 * bytes can stand for much. A step is a frame, a line, or eight bytes of a string.
 */
import { FlamelakeError } from '@flamelake/model';

/** Steps any request has, and those it has for each of its bytes: five times what the densest honest ones take. */
const STEPS_MIN = 2_000_000;
const STEPS_PER_BYTE = 16;

export interface WorkBudget {
  /** @throws {FlamelakeError} `invalid_argument` when no steps are left */
  spend(steps: number): void;
}

export function createWorkBudget(requestBytes: number): WorkBudget {
  const limit = STEPS_MIN + requestBytes * STEPS_PER_BYTE;
  let left = limit;
  return {
    spend(steps) {
      left -= steps;
      if (left >= 0) return;
      throw new FlamelakeError('invalid_argument', 'otlp profiles share stacks so often that they unfold to too much', {
        limit,
      });
    },
  };
}
