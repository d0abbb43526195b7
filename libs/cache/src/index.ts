export { type CacheCounts, createMemoryCache, type MemoryCache, type MemoryCacheOptions } from './memory-cache.ts';
export { createSealedCache, type SealedCacheOptions, VALUE_BYTES_DEFAULT } from './sealed-cache.ts';
