import { createMemoryCache } from '@flamelake/cache';
import { cacheContract } from './cache.contract.ts';

cacheContract('memory', { open: async () => createMemoryCache({ bytesMax: 2_097_152 }) });
