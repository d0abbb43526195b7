export {
  type CommitPositions,
  createDistributor,
  type Distributor,
  type DistributorOptions,
  type OtlpReceipt,
  type Receipt,
} from './distributor.ts';
export { createIngestHandler, INGEST_PATHS, type IngestHandlerOptions } from './ingest/ingest-handler.ts';
export type { IngestRequest } from './ingest/ingest-request.ts';
export { DEFAULT_INGEST_LIMITS, type IngestLimits, LIMIT_KEYS } from './limits.ts';
export { createOtlpHandler, OTLP_PATH, type OtlpHandlerOptions } from './otlp/otlp-handler.ts';
export { otlpMethod } from './otlp/otlp-method.ts';
export {
  checkPlacement,
  defaultPlacement,
  type PlacementEpoch,
  type PlacementTable,
  placementDifference,
  shardKey,
} from './placement.ts';
export { pushMethod } from './push-method.ts';
