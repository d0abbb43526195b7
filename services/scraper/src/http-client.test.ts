import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { systemClock } from '@flamelake/runtime';
import { createBytesInFlight, createHttpClient } from './http-client.ts';
import { createNetworkPolicy } from './network-policy.ts';
import { readClientSettings } from './read-client-settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'flamelake-scraper-tls-'));
after(() => rmSync(folder, { recursive: true }));

/** A certificate that signs itself. @returns paths */
function makeCertificate(name: string): { readonly cert: string; readonly key: string } {
  const [cert, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const named = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
  execFileSync('openssl', [...made, ...named, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { cert, key };
}

test('certificates of targets are checked, ours are shown, and bytes in flight are bounded', async () => {
  const target = makeCertificate('target.test');
  const own = makeCertificate('scraper.test');
  const server = createServer(
    {
      cert: readFileSync(target.cert),
      key: readFileSync(target.key),
      ca: readFileSync(own.cert),
      requestCert: true,
      rejectUnauthorized: false,
    },
    ({ socket }, response) => response.end((socket as TLSSocket).authorized ? 'known' : 'unknown'),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const policy = createNetworkPolicy('', '');
  const ask = async (tls: object, limitBytes = 1_000): Promise<string> => {
    const settings = readClientSettings({ 'tls-config': tls }, { file: 'scrape.yaml', key: '' });
    const client = createHttpClient(settings, { policy, clock: systemClock, budget: createBytesInFlight(limitBytes) });
    try {
      const { signal } = new AbortController();
      const body = await client.get(url, { timeoutMs: 30_000, bytesMax: 1_000, headers: {}, signal });
      return Buffer.from(body).toString('utf8');
    } finally {
      client.close();
    }
  };
  const known = { 'ca-file': target.cert, 'server-name': 'target.test' };
  assert.equal(await ask(known), 'unknown');
  assert.equal(await ask({ ...known, 'cert-file': own.cert, 'key-file': own.key }), 'known');
  assert.equal(await ask({ 'insecure-skip-verify': true }), 'unknown');
  await assert.rejects(ask({}), { code: 'unavailable', details: { reason: 'DEPTH_ZERO_SELF_SIGNED_CERT' } });
  await assert.rejects(ask({ 'ca-file': target.cert, 'server-name': 'other.test' }), {
    details: { reason: 'ERR_TLS_CERT_ALTNAME_INVALID' },
  });
  await assert.rejects(ask({ 'ca-file': join(folder, 'none') }), { code: 'invalid_argument' });
  await assert.rejects(ask(known, 3), { code: 'resource_exhausted' });
  server.closeAllConnections();
  server.close();
});
