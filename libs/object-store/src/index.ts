export { createFileStore, type FileStoreOptions } from './file-store.ts';
export { measureStore } from './measure-store.ts';
export { createMemoryStore } from './memory-store.ts';
export { probePutIfAbsent, probeReadWrite } from './probe-store.ts';
export type { RemoteStore } from './remote-store.ts';
