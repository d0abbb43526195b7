export { openFileLog } from './file-log.ts';
export type { FileLogOptions } from './file-log-options.ts';
export { createMemoryLog, type MemoryLogOptions } from './memory-log.ts';
export { type FileLogPlace, type FileLogReading, readFileLog } from './read-file-log.ts';
