/**
 * Sealed values: what leaves the house but only the house may read or make (commit tokens, snapshot names).
 *
 * Bytes: version 1, nonce 12, AES-256-GCM ciphertext, tag 16; as text in base64url. The nonce is a keyed hash of purpose and plaintext, so
 * no randomness is needed, a nonce never serves two plaintexts, and equal values have equal seals.
 */
import { createCipheriv, createDecipheriv, createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { FlamelakeError } from '@flamelake/model';

/** Keys of one store: 32 bytes each. */
export interface StoreKeys {
  readonly seal: Uint8Array;
  /** Authenticates values in caches and makes nonces. */
  readonly hmac: Uint8Array;
}

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Longest text accepted, characters. */
const SEALED_LENGTH_MAX = 65_536;

/** Keys made ready once: doing so takes four times as long as what they are used for. */
const READY = new WeakMap<Uint8Array, KeyObject>();

function ready(key: Uint8Array): KeyObject {
  const known = READY.get(key) ?? createSecretKey(key);
  READY.set(key, known);
  return known;
}

/** @param purpose - what the value is; a seal made for one purpose opens for no other */
export function seal(keys: StoreKeys, purpose: string, plaintext: Uint8Array): string {
  const nonce = createHmac('sha256', ready(keys.hmac))
    .update(`${purpose}\0`)
    .update(plaintext)
    .digest()
    .subarray(0, NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', ready(keys.seal), nonce);
  cipher.setAAD(Buffer.from(purpose));
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([Buffer.of(VERSION), nonce, body, cipher.getAuthTag()]).toString('base64url');
}

/** @throws {FlamelakeError} `invalid_argument` when the text is no seal of this store for this purpose */
export function unseal(keys: StoreKeys, purpose: string, sealed: string): Uint8Array {
  if (sealed.length > SEALED_LENGTH_MAX) throw notSealed(purpose);
  const bytes = Buffer.from(sealed, 'base64url');
  if (bytes.length < 1 + NONCE_BYTES + TAG_BYTES || bytes[0] !== VERSION) throw notSealed(purpose);
  try {
    const decipher = createDecipheriv('aes-256-gcm', ready(keys.seal), bytes.subarray(1, 1 + NONCE_BYTES));
    decipher.setAAD(Buffer.from(purpose));
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
    const body = bytes.subarray(1 + NONCE_BYTES, bytes.length - TAG_BYTES);
    return Buffer.concat([decipher.update(body), decipher.final()]);
  } catch (error) {
    throw notSealed(purpose, error);
  }
}

function notSealed(purpose: string, cause?: unknown): FlamelakeError {
  return new FlamelakeError('invalid_argument', 'token was not made by this store', { purpose }, { cause });
}
