import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REDIS_KEPT_MS, REDIS_TIMEOUT_MS, REDIS_VALUE_BYTES_DEFAULT } from '@flamelake/cache/redis';
import { FAN_OUT_LIMITS, LOOKUP_INTERVAL_MS } from '@flamelake/query-frontend/fan-out';
import { QUERY_FAN_OUT_OPTIONS } from './query-fan-out-options.ts';
import { fanOutLimits, redisSettings } from './query-fan-out-settings.ts';
import { readOptions } from './read-options.ts';

const read = (...words: readonly string[]) =>
  readOptions(QUERY_FAN_OUT_OPTIONS, { words, environment: {}, readFile: () => assert.fail('no file is named') })
    .values;
const pem = (path: string) => `text of ${path}`;

test('the defaults are those of the parts they set', () => {
  const values = read();
  assert.deepEqual(fanOutLimits(values), FAN_OUT_LIMITS);
  assert.equal(values['query-frontend.lookup-interval'], LOOKUP_INTERVAL_MS);
  assert.equal(redisSettings(values, pem), undefined);
  const redis = redisSettings(read('--redis.mode=single', '--redis.addresses=r:6379'), pem);
  assert.deepEqual(redis, {
    mode: 'single',
    addresses: [{ host: 'r', port: 6_379 }],
    masterName: 'mymaster',
    sentinelLogin: {},
    database: 0,
    timeoutMs: REDIS_TIMEOUT_MS,
    valueBytesMax: REDIS_VALUE_BYTES_DEFAULT,
    keptMs: REDIS_KEPT_MS,
  });
});

test('Redis behind sentinels, with users and TLS', () => {
  const redis = redisSettings(
    read(
      '--redis.mode=sentinel',
      '--redis.addresses=a:26379, [::1]:26380',
      '--redis.username=u',
      '--redis.password=p',
      '--redis.sentinel.password=s',
      '--redis.tls.enabled',
      '--redis.tls.ca-file=ca.pem',
      '--redis.tls.server-name=redis.example',
    ),
    pem,
  );
  assert.deepEqual(redis?.addresses, [
    { host: 'a', port: 26_379 },
    { host: '::1', port: 26_380 },
  ]);
  assert.deepEqual(redis?.sentinelLogin, { password: 's' });
  assert.deepEqual([redis?.username, redis?.password], ['u', 'p']);
  assert.deepEqual(redis?.tls, { ca: 'text of ca.pem', serverName: 'redis.example' });
});

test('a Redis without an address stops the start', () => {
  for (const addresses of ['', 'host', 'host:0', 'dns:host:1', 'a b:1']) {
    const values = read('--redis.mode=cluster', `--redis.addresses=${addresses}`);
    assert.throws(() => redisSettings(values, pem), { code: 'invalid_argument' });
  }
});
