/** OTLP profiles as an RPC method: gRPC, and Connect and gRPC-Web alike. */
import { type BodyForm, HEADER, type UnaryMethod, unaryMethod } from '@flamelake/rpc';
import type { Distributor } from '../distributor.ts';
import { LIMIT_KEYS } from '../limits.ts';
import { encodeOtlpResponse } from './otlp-response.ts';

const EXPORT_PATH = '/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export';

export function otlpMethod(distributor: Distributor): UnaryMethod {
  const { bodyLimitsOf } = distributor;
  return unaryMethod({
    ...(bodyLimitsOf !== undefined && { bodyLimitsOf, bodyLimitKey: LIMIT_KEYS.bodyBytesMax }),
    path: EXPORT_PATH,
    decode: (body: Uint8Array, form: BodyForm) => ({ body, form }),
    async handle(request, call) {
      const { commitToken, ...partial } = await distributor.otlp(call.tenant, request);
      if (commitToken !== undefined) call.setHeader(HEADER.commit, commitToken);
      return partial;
    },
    encode: encodeOtlpResponse,
  });
}
