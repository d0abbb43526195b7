/** Which tenants may be read together in one query, as `query.federation` says: each of them must allow each other. */
import { FlamelakeError, isTenantId } from '@flamelake/model';

const KEY = 'query.federation';
const TENANTS_LISTED_MAX = 1_000;

/** @throws {FlamelakeError} `invalid_argument` when it is neither true, false nor a list of tenants */
export function checkFederation(content: unknown): void {
  if (content === null || content === undefined || typeof content === 'boolean') return;
  const isList = Array.isArray(content) && content.length <= TENANTS_LISTED_MAX;
  if (isList && content.every((one) => typeof one === 'string' && isTenantId(one))) return;
  throw new FlamelakeError('invalid_argument', 'federation is true, false or a list of tenants', {
    tenantsMax: TENANTS_LISTED_MAX,
  });
}

/**
 * @param tenants - of one query
 * @param federationOf - value of the option for a tenant, checked
 * @throws {FlamelakeError} `permission_denied` that names the tenant which does not allow it, with whom, and the key
 */
export function checkReadTogether(tenants: readonly string[], federationOf: (tenant: string) => string): void {
  for (const tenant of tenants) {
    const option = federationOf(tenant);
    const allowed: unknown = option === '' ? true : JSON.parse(option);
    if (allowed === true) continue;
    const refused = tenants.find((other) => other !== tenant && !(Array.isArray(allowed) && allowed.includes(other)));
    if (refused === undefined) continue;
    throw new FlamelakeError('permission_denied', 'data of a tenant may not be read together with that of another', {
      tenant,
      with: refused,
      key: KEY,
    });
  }
}
