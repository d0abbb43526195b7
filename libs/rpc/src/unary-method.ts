/**
 * An RPC method, free of the protocol that carries it: bytes in, bytes out, a call between.
 * The same method answers Connect, gRPC and gRPC-Web.
 */
import { FlamelakeError } from '@flamelake/model';
import type { BodyLimits } from './read-body.ts';

/** Encoding of a message: protobuf, or protobuf's JSON mapping. */
export type BodyForm = 'proto' | 'json';

/** Request and answer headers with a meaning of their own, lower-case; gRPC carries them as metadata. */
export const HEADER = {
  tenant: 'x-scope-orgid',
  /** Sealed read-your-writes token: in the answer to a push, and in a query that must see it. */
  commit: 'x-flamelake-commit',
  /** Sealed name of the snapshot that answered a query. */
  snapshot: 'x-flamelake-snapshot',
  /** The past that a query reads: a time, or the name of a snapshot. */
  asOf: 'x-flamelake-as-of',
  /** Said when a query's max_nodes was above the limit: the number used instead. */
  maxNodes: 'x-flamelake-max-nodes',
} as const;

/** Headers as node:http gives them: lower-case names. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** One header as a string, lists joined with commas; undefined when absent. */
export function headerValue(headers: RequestHeaders, name: string): string | undefined {
  const value = headers[name];
  return value === undefined || typeof value === 'string' ? value : value.join(',');
}

/** What a method knows of its call. */
export interface Call {
  /** Checked tenant id; `''` for a method without tenant; several, sorted and joined by `|`, for one that reads. */
  readonly tenant: string;
  readonly headers: RequestHeaders;
  /** Aborts, with a FlamelakeError as reason, when the deadline passes or the client is gone. */
  readonly signal: AbortSignal;
  /** Sets an answer header (gRPC: leading metadata), on success and on errors alike. */
  setHeader(name: string, value: string): void;
}

export interface UnaryMethod {
  /** `/package.Service/Method` */
  readonly path: string;
  /** Served without a tenant, also when multi-tenancy is on. */
  readonly withoutTenant: boolean;
  /** Reads only, and so may be of several tenants: `a|b`. */
  readonly isRead?: boolean;
  /** Largest body, wire and inflated, where the server's own limits are more than the method has use for. */
  readonly bodyBytesMax?: number;
  /** Limits of a tenant's bodies, where they are other than the server's, and the option that changes them. */
  readonly bodyLimitsOf?: (tenant: string) => BodyLimits;
  readonly bodyLimitKey?: string;
  /**
   * Answers one request.
   * @param body - the decompressed message; valid until the answer, may be kept
   */
  answer(body: Uint8Array, form: BodyForm, call: Call): Promise<Uint8Array>;
}

/** Parts of a method, each written once. */
export interface UnaryParts<Request, Response> {
  readonly path: string;
  readonly bodyLimitsOf?: (tenant: string) => BodyLimits;
  readonly bodyLimitKey?: string;
  readonly withoutTenant?: boolean;
  /** @throws {FlamelakeError} `invalid_argument` */
  decode(body: Uint8Array, form: BodyForm): Request;
  handle(request: Request, call: Call): Promise<Response>;
  encode(response: Response, form: BodyForm): Uint8Array | Promise<Uint8Array>;
}

/** Makes a method of its parts. */
export function unaryMethod<Request, Response>(parts: UnaryParts<Request, Response>): UnaryMethod {
  const { bodyLimitsOf, bodyLimitKey } = parts;
  return {
    path: parts.path,
    withoutTenant: parts.withoutTenant ?? false,
    ...(bodyLimitsOf !== undefined && { bodyLimitsOf }),
    ...(bodyLimitKey !== undefined && { bodyLimitKey }),
    async answer(body, form, call) {
      const response = await parts.handle(parts.decode(body, form), call);
      return parts.encode(response, form);
    },
  };
}

/** A method that is known and not served. */
export function unimplementedMethod(path: string): UnaryMethod {
  return {
    path,
    withoutTenant: false,
    answer: () => Promise.reject(new FlamelakeError('unimplemented', 'method is not implemented', { method: path })),
  };
}
