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
export { nodeFileSystem } from './node-file-system.ts';
export { randomHex, systemRandom } from './random.ts';
