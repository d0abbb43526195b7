/** Tenant ids: they name folders in the store, so they are checked wherever one comes in. */

/** The tenant of a server without multi-tenancy. */
export const ANONYMOUS_TENANT = 'anonymous';
/** Longest tenant id. */
const TENANT_ID_LENGTH_MAX = 150;

/** Letters, digits and `! - _ . * ' ( )`; at most 150; not `.` or `..` (Pyroscope's own rule). */
export function isTenantId(text: string): boolean {
  if (text.length > TENANT_ID_LENGTH_MAX || text === '.' || text === '..') return false;
  return /^[a-zA-Z0-9!\-_.*'()]+$/.test(text);
}
