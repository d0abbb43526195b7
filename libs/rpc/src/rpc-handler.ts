/** Finds the method a request asks for; what is no RPC is left to the plain HTTP handler. */
import { FlamelakeError } from '@flamelake/model';
import { answerCall, type CallSurroundings, type ServerAnswer, type ServerRequest, send } from './answer-call.ts';
import { CONTENT_TYPES, protocolOf } from './protocol-of.ts';
import type { UnaryMethod } from './unary-method.ts';

/** Takes a request or answers false. */
export type RpcHandler = (request: ServerRequest, response: ServerAnswer) => boolean;

/** A package with a dot in it, a service, a method: no plain HTTP path of ours looks like this. */
const METHOD_PATH = /^\/[a-zA-Z]\w*(?:\.\w+)+\/\w+$/;

export function createRpcHandler(methods: readonly UnaryMethod[], surroundings: CallSurroundings): RpcHandler {
  const byPath = new Map<string, UnaryMethod>();
  for (const method of methods) {
    if (byPath.has(method.path)) throw new FlamelakeError('internal', 'method is bound twice', { path: method.path });
    byPath.set(method.path, method);
  }
  return (request, response) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const method = byPath.get(path);
    const protocol = protocolOf(request.headers['content-type']);
    const isGrpc = protocol?.name === 'grpc' || protocol?.name === 'grpc_web';
    if (method === undefined && !isGrpc && !METHOD_PATH.test(path)) return false;

    const refuse = (status: number, headers: Record<string, string> = {}, body: Uint8Array[] = []) =>
      send(request, response, { status, headers, body }, {}, surroundings.limits);
    if (request.method !== 'POST') refuse(method === undefined ? 404 : 405, { allow: 'POST' });
    else if (protocol?.name === 'grpc' && request.httpVersionMajor < 2) refuse(505);
    else if (method !== undefined && protocol === undefined) refuse(415, { 'accept-post': CONTENT_TYPES });
    else if (method !== undefined && protocol !== undefined) {
      void answerCall(method, protocol, request, response, surroundings);
    } else {
      const unknown = (protocol ?? protocolOf('application/json'))?.failure(
        new FlamelakeError('unimplemented', 'no such method', { path }),
      );
      // Connect clients read 404 as unimplemented; gRPC says it in its own status.
      refuse(isGrpc ? 200 : 404, { ...unknown?.headers }, [...(unknown?.body ?? [])]);
    }
    return true;
  };
}
