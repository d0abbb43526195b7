/** Where queriers keep results: a Redis that all share when one is configured, else each its own memory. */
import { readFileSync } from 'node:fs';
import { createSealedCache } from '@flamelake/cache';
import { type Cache, FlamelakeError } from '@flamelake/model';
import { redisSettings } from '../options/query-fan-out-settings.ts';
import type { RoleContext } from './role.ts';

type RedisContext = Pick<RoleContext, 'options' | 'clock' | 'logger' | 'metrics'>;

/**
 * @returns undefined when no Redis is configured
 * @throws {FlamelakeError} `invalid_argument` on options that cannot be
 */
export async function openResultCache(context: RoleContext): Promise<Cache | undefined> {
  const redis = await openRedis(context);
  return redis && createSealedCache(redis, { key: context.identity.keys.hmac, metrics: context.metrics });
}

/** The Redis itself, whose values anybody may have written. Throws like `openResultCache`. */
export async function openRedis(context: RedisContext): Promise<Cache | undefined> {
  const { options, clock, logger, metrics } = context;
  const settings = redisSettings(options, readText);
  if (settings === undefined) return undefined;
  const { createRedisCache } = await import('@flamelake/cache/redis');
  return createRedisCache({ ...settings, clock, logger, metrics });
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new FlamelakeError('invalid_argument', 'file that an option names cannot be read', { path }, { cause });
  }
}
