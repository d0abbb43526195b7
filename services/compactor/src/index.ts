export { type Compactor, type CompactorOptions, createCompactor } from './compactor.ts';
