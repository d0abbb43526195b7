import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_INGEST_LIMITS, LIMIT_KEYS } from '@flamelake/distributor';
import { FlamelakeError } from '@flamelake/model';
import { helpText, markdownTable } from './describe-options.ts';
import { ingestLimits } from './ingest-limits.ts';
import { readOptions } from './read-options.ts';
import { SERVE_OPTIONS } from './serve-options.ts';

function read(words: string[], environment: Record<string, string> = {}, yaml = '') {
  return readOptions(SERVE_OPTIONS, { words, environment, readFile: () => yaml }).values;
}

function refusal(action: () => unknown): FlamelakeError {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof FlamelakeError);
    return error;
  }
  return assert.fail('was not refused');
}

test('flags win over variables, variables over the file, the file over defaults', () => {
  const yaml = 'server: { port: 1111, host: "::1" }\ndata.directory: /from/file\n';
  const values = read(
    ['--server.port=3333', '--config.file', 'x.yaml'],
    { FLAMELAKE_SERVER_PORT: '2222', FLAMELAKE_LOG_LEVEL: 'warn' },
    yaml,
  );
  assert.equal(values['server.port'], 3333);
  assert.equal(values['log.level'], 'warn');
  assert.equal(values['server.host'], '::1');
  assert.equal(values['data.directory'], '/from/file');
  assert.equal(values['compactor.fold-segments'], 32);
});

test('sizes and durations are read in the units people write', () => {
  const values = read([
    '--profile-log.size-max=1.5GiB',
    '--segment-writer.flush-interval=1m',
    '--multitenancy.enabled',
  ]);
  assert.equal(values['profile-log.size-max'], 1.5 * 1024 ** 3);
  assert.equal(values['segment-writer.flush-interval'], 60_000);
  assert.equal(values['multitenancy.enabled'], true);
});

test('an unknown key names the nearest valid one, wherever it stands', () => {
  assert.equal(refusal(() => read(['--server.prot=1'])).details.nearest, 'server.port');
  assert.equal(refusal(() => read([], { FLAMELAKE_SERVER_PROT: '1' })).details.nearest, 'FLAMELAKE_SERVER_PORT');
  assert.equal(refusal(() => read(['--config.file=x'], {}, 'server: { hots: a }')).details.nearest, 'server.host');
});

test('variables that Kubernetes sets for a service called flamelake are none of ours', () => {
  const links = {
    FLAMELAKE_SERVICE_HOST: '10.0.0.1',
    FLAMELAKE_SERVICE_PORT: '4040',
    FLAMELAKE_SERVICE_PORT_HTTP_METRICS: '4040',
    FLAMELAKE_PORT: 'tcp://10.0.0.1:4040',
    FLAMELAKE_PORT_4040_TCP: 'tcp://10.0.0.1:4040',
    FLAMELAKE_PORT_4040_TCP_ADDR: '10.0.0.1',
    FLAMELAKE_SERVER_PORT: 'tcp://10.0.0.1:4040',
  };
  assert.equal(read([], links)['server.port'], 4040);
  assert.equal(refusal(() => read([], { FLAMELAKE_SERVR_PORT: '1' })).details.nearest, 'FLAMELAKE_SERVER_PORT');
});

test('a value where keys belong, or the reverse, is told from an unknown key', () => {
  const shape = (yaml: string) => refusal(() => read(['--config.file=x'], {}, yaml)).details;
  assert.deepEqual(shape('server: 4040'), { file: 'x', key: 'server', expected: 'keys with values' });
  assert.deepEqual(shape('server: { port: [1] }'), { file: 'x', key: 'server.port', expected: 'one plain value' });
  assert.deepEqual(shape('hello'), { file: 'x', key: 'top level', expected: 'keys with values' });
});

test('the data directory is never the root of the file system for want of a value', () => {
  assert.equal(refusal(() => read([], { FLAMELAKE_DATA_DIRECTORY: '' })).details.option, 'data.directory');
});

test('a wrong value names the option and what it takes', () => {
  const error = refusal(() => read(['--server.port=70000']));
  assert.deepEqual(error.details, {
    option: 'server.port',
    value: '70000',
    expected: 'a whole number from 0 to 65535',
  });
  assert.match(String(refusal(() => read(['--log.level=loud'])).details.expected), /debug, info/);
  assert.match(String(refusal(() => read(['--segment-writer.flush-interval=fast'])).details.expected), /10ms to 1m/);
});

test('every option is in the help and in the documentation', () => {
  for (const name of Object.keys(SERVE_OPTIONS)) {
    assert.ok(helpText(SERVE_OPTIONS).includes(`--${name}=`));
    assert.ok(markdownTable(SERVE_OPTIONS).includes(`\`${name}\``));
  }
});

test('the options a refusal names exist, and their defaults are the limits of the wire contract', () => {
  for (const key of Object.values(LIMIT_KEYS)) assert.ok(key in SERVE_OPTIONS, key);
  assert.deepEqual(ingestLimits(read([])), DEFAULT_INGEST_LIMITS);
});
