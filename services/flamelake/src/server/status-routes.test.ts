import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import express, { type NextFunction, type Request, type Response } from 'express';
import { parse } from 'yaml';
import { readOptions } from '../options/read-options.ts';
import { SERVE_OPTIONS, type ServeOptions } from '../options/serve-options.ts';
import { serveStatus } from './status-routes.ts';

const words = [
  '--multitenancy.enabled=true',
  '--admin.token=verysecret',
  '--redis.password=verysecret',
  '--store.s3.secret-key=verysecret',
  '--store.azure.account-key=verysecret',
  '--store.swift.password=verysecret',
  '--kafka.sasl.password=verysecret',
  '--redis.sentinel.password=verysecret',
  '--traces.endpoint=http://me:verysecret@collector:4318',
  '--query.range-max=12h',
];
const options: ServeOptions = readOptions(SERVE_OPTIONS, { words, environment: {}, readFile: () => '' }).values;
const own: ServeOptions = { ...options, 'limits.ingestion-rate': 5, 'limits.ingestion-burst': 2 ** 30 };

let server: Server;
let url = '';
before(async () => {
  const app = express();
  const tenantOptions = {
    of: (name: string) => (name === 'a' ? own : options),
    all: () => [options, own],
    close: () => Promise.resolve(),
  };
  serveStatus(app, { options, tenantOptions, version: '1.2.3' });
  app.use((error: { code?: string }, _request: Request, response: Response, _next: NextFunction) => {
    response.status(500).json(error.code);
  });
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => server.close());

async function get(path: string, tenant?: string) {
  const response = await fetch(url + path, { headers: tenant === undefined ? {} : { 'x-scope-orgid': tenant } });
  return { status: response.status, text: await response.text() };
}

test('what runs', async () => {
  const { data, status } = JSON.parse((await get('/api/v1/status/buildinfo')).text);
  assert.equal(status, 'success');
  assert.deepEqual(Object.keys(data), ['version', 'revision', 'branch', 'buildUser', 'buildDate', 'goVersion']);
  assert.equal(data.version, '1.2.3');
});

test('options are shown as a file takes them, secrets masked', async () => {
  for (const path of ['/api/v1/status/config', '/config', '/api/v1/status/config/diff']) {
    const { text } = await get(path);
    assert.doesNotMatch(text, /verysecret/, path);
    const shown = parse(text);
    assert.deepEqual([shown['admin.token'], shown['query.range-max']], ['********', '12h']);
  }
  const { text } = await get('/api/v1/status/config');
  const again = readOptions(SERVE_OPTIONS, {
    words: ['--config.file=x'],
    environment: {},
    readFile: () => text,
  }).values;
  for (const name of ['server.port', 'query.range-max', 'limits.profile-size-max', 'log.level'] as const) {
    assert.equal(again[name], options[name]);
  }
  assert.equal(Object.keys(parse((await get('/api/v1/status/config/diff')).text)).length, words.length);
  assert.equal(parse((await get('/api/v1/status/config/default')).text)['query.range-max'], '0ms');
});

test('every option that is called a password, token or key is secret', () => {
  for (const [name, option] of Object.entries(SERVE_OPTIONS)) {
    if (/(?:password|token|secret-key|account-key)$/.test(name)) assert.ok('isSecret' in option, name);
  }
});

test('a tenant is told of its own options and limits only', async () => {
  assert.deepEqual(JSON.parse((await get('/api/v1/tenant_limits', 'a')).text), {
    ingestion_rate: 5,
    ingestion_burst_size: 2 ** 30,
    max_global_series_per_user: 0,
  });
  assert.equal(JSON.parse((await get('/api/v1/tenant_limits', 'b')).text).ingestion_rate, 0);
  assert.equal((await get('/runtime_config?mode=diff', 'b')).text, '');
  const diff = parse((await get('/runtime_config?mode=diff', 'a')).text);
  assert.deepEqual(diff, { 'limits.ingestion-rate': '5', 'limits.ingestion-burst': '1GiB' });
  for (const path of ['/api/v1/tenant_limits', '/runtime_config'])
    assert.match((await get(path)).text, /unauthenticated/);
});
