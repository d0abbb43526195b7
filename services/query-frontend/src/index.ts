export { querierMethods } from './api/querier-methods.ts';
export { serverMethods } from './api/server-methods.ts';
export type { PlainAnswer, PlainRoute } from './http/plain-route.ts';
export { renderRoutes } from './http/render-routes.ts';
export type * from './queries.ts';
export { createQueryFrontend, type QueryFrontendOptions } from './query-frontend.ts';
export { QUERY_LIMITS_DEFAULT, type QueryLimits } from './query-limits.ts';
export type { ExecuteTask } from './run-question.ts';
