export type { Cells, Exemplar } from './cells.ts';
export { executeCachedTask, type ResultCache } from './execute-cached-task.ts';
export { type ExecuteOptions, executeTask, type OpenBlock } from './execute-task.ts';
export { dropLighterStacks, focusFunctionTree, focusLocationTree, keepLeaves } from './focus-tree.ts';
export { type FrameTable, type FunctionTable, functionTable, type LineTable, lineTable } from './frame-table.ts';
export { type FunctionTree, mergeFunctionTree } from './function-tree.ts';
export { hideExpired } from './hide-expired.ts';
export {
  LABEL_SETS_MAX,
  type LabelSets,
  sortedLabelNames,
  sortedLabelSets,
  sortedLabelValues,
} from './label-sets.ts';
export type { LocationTree } from './location-tree.ts';
export { type Neighbours, neighboursOf } from './neighbours.ts';
export { createPartialResult, mergePartialResult, type PartialResult } from './partial-result.ts';
export { decodePartialResult, encodePartialResult, RESULT_MESSAGE_BYTES_MAX } from './partial-result-codec.ts';
export { datasetsFor, type Plan, planQuery, TASK_SIZES, type TaskSizes } from './plan.ts';
export { flamegraphFunctionTree, profileFunctionTree } from './profile-tree.ts';
export { DOT_NODES_DEFAULT, renderDot } from './render-dot.ts';
export { type Flamegraph, type FlamegraphDiff, renderDiff, renderFlamegraph } from './render-flamegraph.ts';
export {
  bucketEdges,
  type HeatmapSeries,
  type HeatmapSlot,
  heatmapBuckets,
  renderExemplars,
  renderHeatmap,
} from './render-heatmap.ts';
export { type PprofHeader, renderPprof } from './render-pprof.ts';
export { renderTree } from './render-tree.ts';
export { runParallel } from './run-parallel.ts';
export type {
  ObjectRef,
  PointKind,
  Question,
  RowDelete,
  SampleChoice,
  Selection,
  Task,
  TaskDataset,
  TaskPart,
  TimeGrid,
  ValueBuckets,
} from './task.ts';
export { taskBytes } from './task-bytes.ts';
export { decodeTask, encodeTask, TASK_MESSAGE_BYTES_MAX } from './task-codec.ts';
export { countResult, type TaskResult } from './task-result.ts';
export { renderTimeSeries, type TimeSeries } from './time-series.ts';
