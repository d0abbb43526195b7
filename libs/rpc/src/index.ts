export type { ByteLease } from './byte-budget.ts';
export { type ClientCapabilities, clientCapabilities } from './client-capabilities.ts';
export { inflateBody } from './compression.ts';
export { decodeMessage, encodeMessage } from './message-codec.ts';
export {
  decodePushRequest,
  encodePushResponse,
  PUSH_PATH,
  type PushSample,
  type PushSeries,
  pushRequestFromJson,
  pushRequestFromProto,
} from './push-request.ts';
export { BODY_TOO_LARGE, type BodyLimits, discardRest, readBody } from './read-body.ts';
export { requestLabels, requestSeconds } from './request-metrics.ts';
export {
  type RunningServer,
  SERVER_LIMITS,
  type ServerLimits,
  type ServerOptions,
  startServer,
} from './start-server.ts';
export { tenantOf } from './tenant-of.ts';
export {
  type BodyForm,
  type Call,
  HEADER,
  headerValue,
  type RequestHeaders,
  type UnaryMethod,
  type UnaryParts,
  unaryMethod,
  unimplementedMethod,
} from './unary-method.ts';
