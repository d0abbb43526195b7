/** Which protocol a request speaks, by its content type. */
import { connectUnary } from './connect-unary.ts';
import { grpcUnary } from './grpc-unary.ts';
import type { Protocol } from './protocol.ts';

const PROTOCOLS: ReadonlyMap<string, Protocol> = new Map([
  ['application/proto', connectUnary('proto')],
  ['application/json', connectUnary('json')],
  ...(['grpc', 'grpc-web'] as const).flatMap((kind) => {
    const name = kind === 'grpc' ? 'grpc' : 'grpc_web';
    const type = `application/${kind}`;
    return [
      [type, grpcUnary(name, 'proto', type)],
      [`${type}+proto`, grpcUnary(name, 'proto', `${type}+proto`)],
      [`${type}+json`, grpcUnary(name, 'json', `${type}+json`)],
    ] as const;
  }),
]);

/** What `Accept-Post` says when a content type is not known. */
export const CONTENT_TYPES: string = [...PROTOCOLS.keys()].join(', ');

/** @returns undefined when no protocol has this content type */
export function protocolOf(contentType: string | undefined): Protocol | undefined {
  return PROTOCOLS.get((contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '');
}
