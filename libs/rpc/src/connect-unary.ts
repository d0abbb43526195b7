/**
 * The Connect protocol, unary: the message is the body, an error is JSON with an HTTP status.
 * Source: connectrpc.com/docs/protocol. `Connect-Protocol-Version` is not required.
 */
import { describeError } from '@flamelake/model';
import { deflate } from './compression.ts';
import { httpStatusOf, type Protocol, unknownEncoding } from './protocol.ts';
import { parseConnectTimeout } from './timeouts.ts';
import { type BodyForm, headerValue } from './unary-method.ts';

export function connectUnary(form: BodyForm): Protocol {
  return {
    name: 'connect',
    form,
    timeoutMs: (headers) => parseConnectTimeout(headerValue(headers, 'connect-timeout-ms')),
    async unwrap(body, headers, inflate) {
      const encoding = headerValue(headers, 'content-encoding') ?? 'identity';
      // An empty body is an empty message, whatever encoding was meant for it.
      if (encoding === 'gzip') return body.length === 0 ? body : inflate(body);
      if (encoding === 'identity' || encoding === '') return body;
      throw unknownEncoding(encoding);
    },
    async success(message, headers) {
      const compressed = await deflate(message, headerValue(headers, 'accept-encoding'));
      const body = compressed ?? message;
      const answer: Record<string, string> = {
        'content-type': `application/${form}`,
        vary: 'accept-encoding',
      };
      if (compressed !== undefined) answer['content-encoding'] = 'gzip';
      return { status: 200, headers: answer, body: [body] };
    },
    failure(error) {
      const body = Buffer.from(JSON.stringify({ code: error.code, message: describeError(error) }));
      const headers: Record<string, string> = { 'content-type': 'application/json' };
      if (error.code === 'unimplemented') headers['accept-encoding'] = 'gzip, identity';
      return { status: httpStatusOf(error), headers, body: [body] };
    },
  };
}
