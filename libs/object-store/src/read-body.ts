/** Bodies of answers, read whole into memory of the caller's own. */
import { FlamelakeError } from '@flamelake/model';
import type { RemoteCall } from './remote-driver.ts';

/** Largest body read, against an answer without end. */
const BODY_BYTES_MAX = 2_147_483_647;

/**
 * Reads a body.
 * @param sizeBytes - its length when the answer says it
 * @throws {FlamelakeError} `unavailable` when it is shorter than said, `resource_exhausted` over 2 GiB
 */
export async function readBody(
  body: AsyncIterable<Uint8Array>,
  sizeBytes: number | undefined,
  call: RemoteCall,
): Promise<Uint8Array> {
  const isSized = sizeBytes !== undefined && Number.isSafeInteger(sizeBytes);
  if (isSized && sizeBytes > BODY_BYTES_MAX) throw tooLarge(sizeBytes);
  let bytes = new Uint8Array(isSized ? sizeBytes : 65_536);
  let length = 0;
  for await (const chunk of body) {
    call.progress();
    const needed = length + chunk.length;
    if (needed > BODY_BYTES_MAX) throw tooLarge(needed);
    if (needed > bytes.length) {
      const larger = new Uint8Array(Math.max(needed, bytes.length * 2));
      larger.set(bytes.subarray(0, length));
      bytes = larger;
    }
    bytes.set(chunk, length);
    length = needed;
  }
  if (isSized && length !== sizeBytes) {
    throw new FlamelakeError('unavailable', 'answer of the object store was cut short', { sizeBytes, length });
  }
  return length === bytes.length ? bytes : bytes.slice(0, length);
}

function tooLarge(sizeBytes: number): FlamelakeError {
  return new FlamelakeError('resource_exhausted', 'object is too large to be read at once', {
    sizeBytes,
    limit: BODY_BYTES_MAX,
  });
}
