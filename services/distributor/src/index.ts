export {
  type CommitPositions,
  createDistributor,
  type Distributor,
  type DistributorOptions,
  type Receipt,
} from './distributor.ts';
export { createIngestHandler, INGEST_PATHS, type IngestHandlerOptions } from './ingest/ingest-handler.ts';
export type { IngestRequest } from './ingest/ingest-request.ts';
export { DEFAULT_INGEST_LIMITS, type IngestLimits, LIMIT_KEYS } from './limits.ts';
export {
  checkPlacement,
  defaultPlacement,
  type PlacementEpoch,
  type PlacementTable,
  placementDifference,
  shardKey,
} from './placement.ts';
export { pushMethod } from './push-method.ts';
