export { type BlockSums, blockSums } from './block-sums.ts';
export { blocksToPlan } from './blocks-to-plan.ts';
export {
  type ChainWriter,
  type ChainWriterCount,
  type ChainWriterHealth,
  type ChainWriterObserver,
  type ChainWriterOptions,
  createChainWriter,
} from './chain-writer.ts';
export {
  applyChange,
  type Change,
  COMMIT_IDS_MAX,
  type FloorChange,
  type FoldChange,
  isAboveFloor,
  isLive,
  type MergeChange,
} from './change.ts';
export { type CommitOutcome, commitChange } from './commit-change.ts';
export { type CommitToken, sealCommitToken, unsealCommitToken } from './commit-token.ts';
export { cutBySize, readSizeUse, type SizeContext } from './cut-by-size.ts';
export {
  type ChangeRecord,
  changeData,
  changeRecords,
  type DataChange,
  type DataChangeContext,
  finishDataChanges,
  type RecordPage,
  type RecordRange,
} from './data-changes.ts';
export { type ExpireContext, type ExpireOutcome, expireOnce, retentionLagMs } from './expire-once.ts';
export { type FoldContext, type FoldOutcome, foldOnce } from './fold-once.ts';
export { type FoundSegment, findSegment, followChain, isMissingObject, openSegment } from './follow-chain.ts';
export {
  type IdentityRules,
  INGESTION_WINDOW_MS_DEFAULT,
  identityWindowMs,
  isLate,
  isRepeat,
  lateAfterMs,
} from './identity-rules.ts';
export { createIdentityWindow, IDENTITY_BYTES, type IdentityWindow } from './identity-window.ts';
export {
  type DatasetName,
  type DatasetPage,
  type DatasetPageRef,
  type DayBlock,
  type DayPage,
  datasetAt,
} from './index-page.ts';
export {
  blockKey,
  blocksPrefix,
  LOGS_PREFIX,
  manifestKey,
  manifestsPrefix,
  pagesPrefix,
  partitionsPrefix,
  positionOfSegmentKey,
  segmentKey,
  segmentsPrefix,
  versionOfBlockKey,
  versionOfManifestKey,
  versionOfPageKey,
} from './keys.ts';
export { type DatasetFilter, entriesOf, keysInPages, plannedBlocks, withBlocks, withBlocksOf } from './load-blocks.ts';
export { decodeManifest, EMPTY_MANIFEST, encodeManifest, MANIFEST_BYTES_MAX } from './manifest.ts';
export { type MergeContext, type MergeOutcome, mergeOnce, runMerge } from './merge-once.ts';
export { MERGE_RULES_DEFAULT, type MergeRules } from './merge-rules.ts';
export { listAll, newestManifest, readManifest } from './newest-manifest.ts';
export { openStore, STORE_KEY, type StoreIdentity } from './open-store.ts';
export { CATALOG_LIMITS_DEFAULT, type CatalogLimits, limitCatalog, readPage, shareCatalog } from './page-cache.ts';
export { isBlockSubject, isSegmentSubject } from './pending-deletes.ts';
export { type MergeJob, planMerges, windowOf } from './plan-merges.ts';
export type { Pause } from './put-block.ts';
export { type ExpireBefore, rowsOfBlock, rowsOfSegment } from './row-rules.ts';
export { type StoreKeys, seal, unseal } from './seal.ts';
export { raisedCuts, withCuts } from './size-cuts.ts';
export { createSizeUse, type SizeLimit, type TenantUse } from './size-use.ts';
export { takeNamedSnapshot, takeSnapshotAt } from './snapshot-as-of.ts';
export { type NamedPartition, sealSnapshotName, unsealSnapshotName } from './snapshot-name.ts';
export { createSnapshotSource, includes, type SnapshotSource, type SnapshotSourceOptions } from './snapshot-source.ts';
export { KEEP_MS_DEFAULT, type SweepContext, type SweepOutcome, sweepOnce } from './sweep.ts';
export { listRoots, takePartitionSnapshot, takeSnapshot } from './take-snapshot.ts';
export {
  changeDocument,
  DOCUMENT_BYTES_MAX,
  type DocumentName,
  readDocument,
  TENANTS_PREFIX,
} from './tenant-document.ts';
export type * from './types.ts';
