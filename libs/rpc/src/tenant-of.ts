/** Which tenant a request belongs to. */
import { ANONYMOUS_TENANT, FlamelakeError, isTenantId } from '@flamelake/model';
import { HEADER, headerValue, type RequestHeaders } from './unary-method.ts';

export interface TenantRules {
  /** Off: every request is tenant `anonymous`. */
  readonly multitenancy: boolean;
  /** Reads may name several tenants, writes one. */
  readonly isRead?: boolean;
}

/**
 * Resolves the tenant of a request: `anonymous` without multi-tenancy (the header is ignored), else the one `X-Scope-OrgID` names.
 * `a|a` is one tenant; several, where they may be, are answered sorted and joined by `|`.
 * @throws {FlamelakeError} `unauthenticated` when the header is missing, `invalid_argument` when it is no tenant id or too many
 */
export function tenantOf(headers: RequestHeaders, options: TenantRules): string {
  if (!options.multitenancy) return ANONYMOUS_TENANT;
  const value = headerValue(headers, HEADER.tenant)?.trim() ?? '';
  if (value === '') throw new FlamelakeError('unauthenticated', 'no tenant: send the header X-Scope-OrgID');
  const ids = new Set(value.split('|'));
  for (const id of ids) {
    if (!isTenantId(id)) {
      throw new FlamelakeError(
        'invalid_argument',
        "tenant id must be 1 to 150 letters, digits or ! - _ . * ' ( ), and not . or ..",
        { id },
      );
    }
  }
  if (ids.size > 1 && options.isRead !== true) {
    throw new FlamelakeError('invalid_argument', 'exactly one tenant is needed, X-Scope-OrgID names several', {
      tenants: ids.size,
    });
  }
  return [...ids].sort().join('|');
}
