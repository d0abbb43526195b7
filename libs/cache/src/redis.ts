/** The cache in Redis; imported only where it is configured. */
export {
  createRedisCache,
  REDIS_KEPT_MS,
  REDIS_TIMEOUT_MS,
  REDIS_VALUE_BYTES_DEFAULT,
  type RedisCacheOptions,
} from './redis-cache.ts';
export type { RedisAddress, RedisLogin, RedisTls } from './redis-connection.ts';
