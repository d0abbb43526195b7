export { boundLabel } from './bound-label.ts';
export { systemClock } from './clock.ts';
export {
  type FileLock,
  type FileStat,
  type FileSystem,
  type FolderEntry,
  fileError,
  fileErrorCode,
  isDiskFull,
  type OpenFile,
  type OpenMode,
} from './file-system.ts';
export { collectRarely } from './garbage-collection.ts';
export { createLogger, type LogFields, type Logger, type LoggerOptions, type LogLevel } from './logger.ts';
export { makeFolders } from './make-folders.ts';
export { createMemoryBudget, type MemoryBudget, type MemoryBudgetOptions, type MemoryShare } from './memory-budget.ts';
export {
  BYTES_BUCKETS,
  type Counter,
  createMetrics,
  type Gauge,
  type Histogram,
  type LabelledValue,
  type LabelValues,
  METRIC_PREFIX,
  type MetricDeclaration,
  type MetricInfo,
  type Metrics,
  type MetricsSnapshot,
  SECONDS_BUCKETS,
} from './metrics.ts';
export { nodeFileSystem } from './node-file-system.ts';
export { createPause } from './pause.ts';
export {
  commandArguments,
  endOnUncaught,
  endProcess,
  environment,
  onShutdown,
  type ShutdownOptions,
} from './process.ts';
export { observeProcess } from './process-metrics.ts';
export { randomHex, systemRandom } from './random.ts';
export { type RetryOptions, retry } from './retry.ts';
export { createSemaphore, type Semaphore, type SemaphoreOptions } from './semaphore.ts';
export {
  noTracing,
  readTraceContext,
  type Span,
  type SpanAttributes,
  type SpanOptions,
  type TraceContext,
  type Tracing,
  traceParts,
} from './tracing.ts';
export {
  type CertificateFiles,
  type CertificateSource,
  type Certificates,
  type CertificateWatchOptions,
  watchCertificates,
} from './watch-certificates.ts';
export { yieldToLoop } from './yield-to-loop.ts';
