/** The body of a plain HTTP request, within limits that hold while it is read, its refusals in the words of `/ingest`. */
import type { IncomingMessage } from 'node:http';
import { FlamelakeError } from '@flamelake/model';
import { BODY_TOO_LARGE, type BodyLimits, type ByteLease, inflateBody, readBody } from '@flamelake/rpc';
import type { ByteBudget } from '../byte-budget.ts';
import { LIMIT_KEYS } from '../limits.ts';
import { refuse } from '../refusal.ts';

export const INGEST_BODY_LIMITS: BodyLimits = { wireBytesMax: 67_108_864, inflatedBytesMax: 268_435_456 };

/** A body in memory; its bytes are taken from the budget until it is released. */
export interface HeldBody {
  readonly bytes: Uint8Array;
  release(): void;
}

/**
 * @throws {FlamelakeError} `invalid_argument` over a limit or on a bad encoding, `resource_exhausted` when too many bodies
 * are in flight, `canceled` when the client goes away
 */
export async function readRequestBody(
  request: IncomingMessage,
  tenant: string,
  limits: BodyLimits,
  budget: ByteBudget,
): Promise<HeldBody> {
  const lease = leaseOf(budget);
  try {
    const encoding = contentEncoding(request);
    const sent = await readBody(request, limits.wireBytesMax, lease, NEVER);
    const bytes = encoding === 'identity' ? sent : await inflateBody(sent, limits.inflatedBytesMax, lease);
    return { bytes, release: lease.release };
  } catch (error) {
    lease.release();
    throw inWordsOfIngest(error, tenant);
  }
}

/** A client that goes away closes the request, which ends the reading: no signal is needed. */
const NEVER = new AbortController().signal;

function leaseOf(budget: ByteBudget): ByteLease {
  let heldBytes = 0;
  return {
    grow(bytes) {
      budget.take(bytes);
      heldBytes += bytes;
    },
    release() {
      budget.give(heldBytes);
      heldBytes = 0;
    },
  };
}

function contentEncoding(request: IncomingMessage): 'gzip' | 'identity' {
  const encoding = (request.headers['content-encoding'] ?? '').trim().toLowerCase();
  if (encoding === '' || encoding === 'identity') return 'identity';
  if (encoding === 'gzip' || encoding === 'x-gzip') return 'gzip';
  throw refuse('unsupported_encoding', 'content encoding is not served', {
    encoding: encoding.slice(0, 64),
    served: 'gzip, identity',
  });
}

/** What reading and inflating say of a body, with the reason that metrics count and the option that changes the limit. */
function inWordsOfIngest(error: unknown, tenant: string): unknown {
  if (!(error instanceof FlamelakeError) || error.details.reason !== undefined) return error;
  if (error.message === BODY_TOO_LARGE) {
    return refuse('body_size_limit_exceeded', BODY_TOO_LARGE, {
      ...error.details,
      tenant,
      key: LIMIT_KEYS.bodyBytesMax,
    });
  }
  return error.code === 'invalid_argument' ? refuse('malformed_profile', error.message, error.details) : error;
}
