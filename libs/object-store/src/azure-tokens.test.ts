import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { systemClock } from '@flamelake/runtime';
import { startAnsweringServer } from './answering-server.test-support.ts';
import { ambientAzureTokens } from './azure-tokens.ts';

const closing: (() => Promise<void>)[] = [];
after(() => Promise.all(closing.map((close) => close())));

async function service(status: number, answer: object) {
  const server = await startAnsweringServer((_request, response) =>
    response.writeHead(status).end(JSON.stringify(answer)),
  );
  closing.push(server.stop);
  return server;
}

const tokens = (environment: Record<string, string>) =>
  ambientAzureTokens({ environment, readFile: async () => 'assertion\n', clock: systemClock })();

test('workload identity exchanges the file of Kubernetes', async () => {
  const server = await service(200, { access_token: 'token', expires_in: 3_600 });
  const environment = {
    AZURE_AUTHORITY_HOST: server.origin,
    AZURE_CLIENT_ID: 'client',
    AZURE_TENANT_ID: 'tenant',
    AZURE_FEDERATED_TOKEN_FILE: '/token',
  };
  const { token, expiresMs } = await tokens(environment);
  assert.equal(token, 'token');
  assert.ok(Math.abs(expiresMs - Date.now() - 3_600_000) < 60_000);
  const [request] = server.requests;
  assert.equal(request?.url, '/tenant/oauth2/v2.0/token');
  const form = new URLSearchParams(request?.body);
  assert.deepEqual(
    ['client_id', 'scope', 'grant_type', 'client_assertion'].map((name) => form.get(name)),
    ['client', 'https://storage.azure.com/.default', 'client_credentials', 'assertion'],
  );
});

test('a client secret does too; a refusal says why', async () => {
  const server = await service(401, { error: 'invalid_client' });
  const environment = {
    AZURE_AUTHORITY_HOST: server.origin,
    AZURE_CLIENT_ID: 'client',
    AZURE_TENANT_ID: 'tenant',
    AZURE_CLIENT_SECRET: 'secret',
  };
  await assert.rejects(tokens(environment), (error: Error & { code?: string; details?: { reason?: string } }) => {
    assert.deepEqual([error.code, error.details?.reason], ['permission_denied', 'invalid_client']);
    return true;
  });
  assert.equal(new URLSearchParams(server.requests[0]?.body).get('client_secret'), 'secret');
});

test('a machine asks its own service', async () => {
  const server = await service(200, { access_token: 'token', expires_in: '86399' });
  const found = await tokens({ AZURE_POD_IDENTITY_AUTHORITY_HOST: server.origin, AZURE_CLIENT_ID: 'one of several' });
  assert.equal(found.token, 'token');
  const [request] = server.requests;
  assert.equal(request?.headers.metadata, 'true');
  assert.match(request?.url ?? '', /^\/metadata\/identity\/oauth2\/token\?.*resource=https.*client_id=one/);
  const refusing = await service(400, { error: 'invalid_request' });
  await assert.rejects(tokens({ AZURE_POD_IDENTITY_AUTHORITY_HOST: refusing.origin }), {
    code: 'permission_denied',
    message: 'no credentials for the object store were found',
  });
});
