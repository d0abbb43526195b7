/** Bytes of requests being read, decoded or written: bounded, and refused beyond. */
import { refuseForNow } from './refusal.ts';

export interface ByteBudget {
  /**
   * Takes bytes.
   * @throws {FlamelakeError} `resource_exhausted` when they do not fit; nothing is taken then
   */
  take(bytes: number): void;
  give(bytes: number): void;
  readonly inUse: number;
}

const RETRY_AFTER_SECONDS = 1;

export function createByteBudget(limitBytes: number): ByteBudget {
  let inUse = 0;
  return {
    take(bytes) {
      if (inUse + bytes > limitBytes) {
        throw refuseForNow('overloaded', 'too many bytes of profiles are in flight', {
          limitBytes,
          bytes,
          key: 'distributor.in-flight-size-max',
          retryAfterSeconds: RETRY_AFTER_SECONDS,
        });
      }
      inUse += bytes;
    },
    give(bytes) {
      inUse -= bytes;
    },
    get inUse() {
      return inUse;
    },
  };
}
