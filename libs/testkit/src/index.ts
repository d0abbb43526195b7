export { type ChoiceKind, type Choices, type SearchResult, searchChoices, seededChoices } from './choices.ts';
export { createLossyFileSystem, type LossyFileSystem } from './lossy-file-system.ts';
export {
  firstCopies,
  identityText,
  type NaiveQuery,
  type NaiveRow,
  naiveMerge,
  naiveRows,
  naiveTotal,
} from './naive-model.ts';
export { CPU_TYPE, type RecordShape, randomProfileRecord, stringColumn } from './random-profile-record.ts';
export { createSeededRandom, type SeededRandom } from './seeded-random.ts';
export { type CacheFaults, createSimulatedCache, NO_CACHE_FAULTS, type SimulatedCache } from './simulated-cache.ts';
export {
  createSimulatedLog,
  type LogFaults,
  NO_LOG_FAULTS,
  type SimulatedLog,
  type StoredRecord,
} from './simulated-log.ts';
export {
  createSimulatedStore,
  NO_STORE_FAULTS,
  type PutFate,
  type SimulatedStore,
  type StoreEffect,
  type StoreFaults,
} from './simulated-store.ts';
export { createSimulation } from './simulation.ts';
export type {
  RunEnd,
  SimulatedProcess,
  Simulation,
  SimulationOptions,
  StepRequest,
} from './simulation-types.ts';
export type { Touch } from './sleep-set.ts';
export { stackAt, stackTreeOf } from './stack-trees.ts';
