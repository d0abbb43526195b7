/** Bytes that all requests together may hold at once: what keeps many large requests from adding up. */
import { FlamelakeError } from '@flamelake/model';

/** What one request holds of a budget. */
export interface ByteLease {
  /** @throws {FlamelakeError} `resource_exhausted` when the budget has no room for `bytes` more */
  grow(bytes: number): void;
  /** Gives everything back; may be called twice. */
  release(): void;
}

export interface ByteBudget {
  readonly usedBytes: () => number;
  lease(): ByteLease;
}

export function createByteBudget(bytesMax: number): ByteBudget {
  let usedBytes = 0;
  return {
    usedBytes: () => usedBytes,
    lease() {
      let heldBytes = 0;
      return {
        grow(bytes) {
          if (usedBytes + bytes > bytesMax) {
            throw new FlamelakeError('resource_exhausted', 'server holds too many request bytes, try again', {
              limitBytes: bytesMax,
            });
          }
          usedBytes += bytes;
          heldBytes += bytes;
        },
        release() {
          usedBytes -= heldBytes;
          heldBytes = 0;
        },
      };
    },
  };
}
