/** Deletes and pins through Express: token, tenant, JSON both ways. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { FlamelakeError } from '@flamelake/model';
import type { DataAction } from '@flamelake/query-frontend';
import { HEADER, headerValue, tenantOf } from '@flamelake/rpc';
import express, { type RequestHandler } from 'express';

const MESSAGE_BYTES_MAX = 262_144;

/** Errors go to Express. */
export function serveAction(
  action: DataAction,
  { multitenancy, adminToken }: { readonly multitenancy: boolean; readonly adminToken: string },
): RequestHandler[] {
  const check: RequestHandler = (request, _, next) => {
    if (adminToken !== '' && !isSame(request.headers.authorization ?? '', `Bearer ${adminToken}`)) {
      throw new FlamelakeError(
        'unauthenticated',
        'deletes and pins need the token of admin.token: send Authorization: Bearer',
      );
    }
    // Web pages of others cannot send JSON unasked.
    if (!request.is('application/json'))
      throw new FlamelakeError('invalid_argument', 'message must be application/json');
    next();
  };
  const run: RequestHandler = async (request, response) => {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const tenant = tenantOf(request.headers, { multitenancy });
    const commit = headerValue(request.headers, HEADER.commit);
    const message = { ...(commit !== undefined && { commit }), ...parse(request.body) };
    response.json(await action.run(tenant, message, gone.signal));
  };
  return [check, express.text({ type: () => true, limit: MESSAGE_BYTES_MAX }), run];
}

function parse(body: unknown): Readonly<Record<string, unknown>> {
  try {
    const message: unknown = JSON.parse(typeof body === 'string' && body !== '' ? body : '{}');
    if (typeof message === 'object' && message !== null && !Array.isArray(message)) return { ...message };
  } catch {
    // Told below.
  }
  throw new FlamelakeError('invalid_argument', 'message must be a JSON object');
}

/** In a time that does not depend on where they differ. */
function isSame(a: string, b: string): boolean {
  const [first, second] = [a, b].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(first, second);
}
