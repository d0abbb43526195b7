/** Randomness of the operating system. */
import { randomBytes } from 'node:crypto';
import type { Random } from '@flamelake/model';

export const systemRandom: Random = {
  bytes: (count) => new Uint8Array(randomBytes(count)),
  fraction: () => Math.random(),
};

/** An id: `byteCount` random bytes in lower-case hex. */
export function randomHex(random: Random, byteCount: number): string {
  const bytes = random.bytes(byteCount);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
