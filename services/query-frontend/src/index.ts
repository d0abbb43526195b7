export { querierMethods } from './api/querier-methods.ts';
export { serverMethods } from './api/server-methods.ts';
export {
  createFanOut,
  FAN_OUT_LIMITS,
  type FanOut,
  type FanOutLimits,
  type FanOutOptions,
  LOOKUP_INTERVAL_MS,
} from './fan-out/create-fan-out.ts';
export type * from './queries.ts';
export { createQueryFrontend, type QueryFrontendOptions } from './query-frontend.ts';
export { QUERY_LIMITS_DEFAULT, type QueryLimits } from './query-limits.ts';
export type { ExecuteTask } from './run-question.ts';
