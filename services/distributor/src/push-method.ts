/** push.v1 Push as an RPC method: Connect, gRPC and gRPC-Web alike. */
import {
  decodePushRequest,
  encodePushResponse,
  HEADER,
  PUSH_PATH,
  type UnaryMethod,
  unaryMethod,
} from '@flamelake/rpc';
import type { Distributor } from './distributor.ts';
import { LIMIT_KEYS } from './limits.ts';

export function pushMethod(distributor: Distributor): UnaryMethod {
  const { bodyLimitsOf } = distributor;
  return unaryMethod({
    ...(bodyLimitsOf !== undefined && { bodyLimitsOf, bodyLimitKey: LIMIT_KEYS.bodyBytesMax }),
    path: PUSH_PATH,
    decode: decodePushRequest,
    async handle(series, call) {
      const { commitToken } = await distributor.push(call.tenant, series);
      if (commitToken !== undefined) call.setHeader(HEADER.commit, commitToken);
    },
    encode: (_, form) => encodePushResponse(form),
  });
}
