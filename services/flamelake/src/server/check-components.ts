/** Tries what a server stands on: its directory, store, profile log and cache. Each says in words what it found. */
import { access, constants, mkdir } from 'node:fs/promises';
import { type Clock, FlamelakeError, type Random } from '@flamelake/model';
import { probePutIfAbsent, probeReadWrite } from '@flamelake/object-store';
import { type Logger, type Metrics, randomHex } from '@flamelake/runtime';
import type { ServeOptions } from '../options/serve-options.ts';
import { openSharedLog } from '../roles/kafka-log.ts';
import { openRedis } from '../roles/result-cache.ts';
import { makeBucket, openObjectStore } from './open-object-store.ts';

export interface Surroundings {
  readonly options: ServeOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Of the cache: values whose keys begin so are ours. */
const PROBE_KEY = 'flamelake/probe/';
/** A cache may be slow for a moment: its operations end after 100 ms. */
const CACHE_ATTEMPTS = 10;
const CACHE_RETRY_MS = 300;

export async function checkDirectory(directory: string): Promise<string> {
  try {
    await mkdir(directory, { recursive: true });
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    return directory;
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
    const details = { option: 'data.directory', directory, reason };
    throw new FlamelakeError('failed_precondition', 'data directory cannot be written', details, { cause });
  }
}

/**
 * Makes the bucket when there is none, then checks the store.
 * @throws {FlamelakeError} what a start would end with, or why the bucket cannot be made
 */
export async function createStore(surroundings: Surroundings): Promise<string> {
  const made = await makeBucket(surroundings);
  const found = await checkStore(surroundings);
  return made === 'created' ? `the bucket was made; ${found}` : found;
}

/** @throws {FlamelakeError} what a start would end with */
export async function checkStore({ options, clock, random, metrics }: Surroundings): Promise<string> {
  const store = await openObjectStore({ options, clock, random, metrics });
  try {
    await probeReadWrite(store, random);
    await probePutIfAbsent(store, random);
    return `${options['store.backend']} takes, gives back and deletes objects; of racing puts one wins`;
  } finally {
    await store.close();
  }
}

/** @throws {FlamelakeError} what a start would end with; a topic that is not as it must be says how to change it */
export async function checkLog(surroundings: Surroundings): Promise<string> {
  const { promise: failed, reject: onFatal } = Promise.withResolvers<never>();
  let isMade = false;
  const onTopicMade = () => {
    isMade = true;
  };
  const log = await openSharedLog({ ...surroundings, onFatal, onTopicMade });
  try {
    await Promise.race([log.bounds(0), failed]);
    return `topic ${surroundings.options['kafka.topic']}, ${log.partitionCount} partitions${isMade ? ', was made' : ''}`;
  } finally {
    await log.close();
  }
}

/** @throws {FlamelakeError} `unavailable` when what is put is not found: a server starts all the same, and is slower */
export async function checkCache(surroundings: Surroundings): Promise<string> {
  const { options, clock, random } = surroundings;
  const redis = await openRedis(surroundings);
  if (redis === undefined) return 'in memory, redis.mode is none';
  const [key, value] = [PROBE_KEY + randomHex(random, 16), random.bytes(32)];
  try {
    for (let attempt = 1; attempt <= CACHE_ATTEMPTS; attempt++) {
      await redis.set(key, value);
      const found = await redis.get(key);
      if (found !== undefined && Buffer.compare(found, value) === 0) return `Redis at ${options['redis.addresses']}`;
      await clock.sleep(CACHE_RETRY_MS);
    }
    throw new FlamelakeError('unavailable', 'redis does not give back what is put', {
      'redis.mode': options['redis.mode'],
      'redis.addresses': options['redis.addresses'],
    });
  } finally {
    await redis.close();
  }
}
