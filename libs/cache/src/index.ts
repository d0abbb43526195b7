export { type CacheCounts, createMemoryCache, type MemoryCache, type MemoryCacheOptions } from './memory-cache.ts';
