/** What the options of fanned-out queries mean to the parts they set. */
import type { RedisCacheOptions } from '@flamelake/cache/redis';
import { FlamelakeError } from '@flamelake/model';
import type { FanOutLimits } from '@flamelake/query-frontend/fan-out';
import { parseAddressSource } from '@flamelake/rpc/internal';
import type { OptionValues } from './option.ts';
import type { QUERY_FAN_OUT_OPTIONS } from './query-fan-out-options.ts';

type Options = OptionValues<typeof QUERY_FAN_OUT_OPTIONS>;
type RedisSettings = Omit<RedisCacheOptions, 'clock' | 'logger' | 'metrics'>;

export function fanOutLimits(options: Options): FanOutLimits {
  return {
    inFlightMax: options['query-frontend.tasks-max'],
    querierInFlightMax: options['query-frontend.querier-tasks-max'],
    waitingMax: options['query-frontend.waiting-tasks-max'],
    tenantWaitingMax: options['query-frontend.tenant-waiting-tasks-max'],
    taskTimeoutMs: options['query-frontend.task-timeout'],
    attemptsMax: options['query-frontend.task-attempts-max'],
    hedgeDelayMs: options['query-frontend.hedge-delay'],
  };
}

/**
 * @param readFile - gives the text of a PEM file
 * @returns undefined when there is no Redis
 * @throws {FlamelakeError} `invalid_argument` when Redis is to be used and its addresses are none
 */
export function redisSettings(options: Options, readFile: (path: string) => string): RedisSettings | undefined {
  const mode = options['redis.mode'];
  if (mode === 'none') return undefined;
  const source = parseAddressSource(options['redis.addresses']);
  if (!('addresses' in source)) {
    throw new FlamelakeError('invalid_argument', 'redis is named by addresses', { option: 'redis.addresses' });
  }
  const addresses = source.addresses.map((address) => {
    const colon = address.lastIndexOf(':');
    return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
  });
  const sentinelLogin = {
    ...given('username', options['redis.sentinel.username']),
    ...given('password', options['redis.sentinel.password']),
  };
  return {
    mode,
    addresses,
    masterName: options['redis.master-name'],
    ...given('username', options['redis.username']),
    ...given('password', options['redis.password']),
    sentinelLogin,
    database: options['redis.database'],
    ...(options['redis.tls.enabled'] ? { tls: redisTls(options, readFile) } : {}),
    timeoutMs: options['redis.timeout'],
    valueBytesMax: options['redis.value-size-max'],
    keptMs: options['redis.kept'],
  };
}

function redisTls(options: Options, readFile: (path: string) => string): NonNullable<RedisSettings['tls']> {
  const file = (path: string) => (path === '' ? '' : readFile(path));
  return {
    ...given('ca', file(options['redis.tls.ca-file'])),
    ...given('cert', file(options['redis.tls.cert-file'])),
    ...given('key', file(options['redis.tls.key-file'])),
    ...given('serverName', options['redis.tls.server-name']),
  };
}

/** Nothing where a text is empty: "not set". */
function given<Name extends string>(name: Name, value: string): { readonly [Key in Name]?: string } {
  return value === '' ? {} : ({ [name]: value } as { readonly [Key in Name]?: string });
}
