export { type Compactor, type CompactorOptions, createCompactor } from './compactor.ts';
export { createPartitionTurns, type PartitionTurns } from './partition-turns.ts';
