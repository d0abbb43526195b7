/** The internal service as grpc-js wants it, read from its .proto file. */
import { fileURLToPath } from 'node:url';
import type { MethodDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

export interface ExecuteRequest {
  readonly task: Uint8Array;
}

export interface ExecuteResponse {
  readonly result: Uint8Array;
}

const PROTO = fileURLToPath(new URL('../../../protos/flamelake/querier/v1/querier.proto', import.meta.url));
const SERVICE = 'flamelake.querier.v1.QuerierService';

/** `flamelake.querier.v1.QuerierService/Execute`. */
export function loadExecuteMethod(): MethodDefinition<ExecuteRequest, ExecuteResponse> {
  // `defaults`: an absent field is empty bytes, as proto3 says.
  const service = loadSync(PROTO, { defaults: true })[SERVICE] as unknown as {
    readonly Execute: MethodDefinition<ExecuteRequest, ExecuteResponse>;
  };
  return service.Execute;
}
