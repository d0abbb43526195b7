/** Ids of stored profiles, as exemplars show them and profile id selectors name them. */

/**
 * The id of one label set of a pushed profile: a UUID (RFC 9562, version 8) made of its identity, so that it never changes.
 * @param identity - 16 bytes
 * @param group - which label set of the pushed profile
 */
export function profileUuid(identity: Uint8Array, group: number): string {
  const id = Uint8Array.from(identity.subarray(0, 16));
  // Label set 0 keeps the identity's bytes; the others differ from it and from each other in the last four.
  const change = Math.imul(group, 0x9e3779b1);
  for (let i = 0; i < 4; i++) id[12 + i] = id[12 + i] ^ ((change >>> (8 * i)) & 0xff);
  id[6] = (id[6] & 0x0f) | 0x80;
  id[8] = (id[8] & 0x3f) | 0x80;
  const hex = Buffer.from(id).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
