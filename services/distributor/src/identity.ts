/**
 * Identity of a pushed profile: 16 bytes, equal for a resend, different for anything else.
 * Only what carries a clock or an id of its own can be recognised; the rest gets a random identity.
 */
import { createHash } from 'node:crypto';
import { type Labels, labelsKey, type Random } from '@flamelake/model';

export const IDENTITY_BYTES = 16;

/** Separates these hashes from any other use of SHA-256 on the same bytes. */
const DOMAIN = 'flamelake profile identity 1';

export interface IdentityParts {
  readonly tenant: string;
  /** As the client sent them, sorted; `__session_id__` included, for it tells two processes apart. */
  readonly labels: Labels;
  /** Id of a Push sample, `''` for none. */
  readonly sampleId: string;
  /** As sent, compressed or not. */
  readonly payload: Uint8Array;
  /** Whether the payload states its own time. */
  readonly hasClock: boolean;
}

export function profileIdentity(parts: IdentityParts, random: Pick<Random, 'bytes'>): Uint8Array {
  if (!parts.hasClock && parts.sampleId === '') return random.bytes(IDENTITY_BYTES);
  const head = JSON.stringify([DOMAIN, parts.tenant, labelsKey(parts.labels), parts.sampleId]);
  const digest = createHash('sha256').update(head).update(parts.payload).digest();
  return new Uint8Array(digest.subarray(0, IDENTITY_BYTES));
}

/** Identity of part `index` of a profile that needs several records. */
export function partIdentity(identity: Uint8Array, index: number): Uint8Array {
  const digest = createHash('sha256').update(identity).update(`part ${index}`).digest();
  return new Uint8Array(digest.subarray(0, IDENTITY_BYTES));
}

/** Identity of profile `index` of a payload that holds several. */
export function memberIdentity(identity: Uint8Array, index: number): Uint8Array {
  const digest = createHash('sha256').update(identity).update(`member ${index}`).digest();
  return new Uint8Array(digest.subarray(0, IDENTITY_BYTES));
}
