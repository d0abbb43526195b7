import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { fileError, systemClock } from '@flamelake/runtime';
import { type SeenRequest, startAnsweringServer } from './answering-server.test-support.ts';
import { ambientS3Credentials } from './s3-ambient-credentials.ts';

const closing: (() => Promise<void>)[] = [];
after(() => Promise.all(closing.map((close) => close())));

const NOWHERE = { AWS_EC2_METADATA_DISABLED: 'true' };

function credentials(environment: Record<string, string>, files: Readonly<Record<string, string>> = {}) {
  const readFile = async (path: string) => {
    const text = files[path];
    if (text === undefined) throw fileError('ENOENT', 'open', path);
    return text;
  };
  return ambientS3Credentials({ environment, readFile, clock: systemClock })();
}

async function service(answer: (request: SeenRequest) => readonly [status: number, text: string]) {
  const server = await startAnsweringServer((request, response) => {
    const [status, text] = answer(request);
    response.writeHead(status).end(text);
  });
  closing.push(server.stop);
  return server;
}

const ENDS = '2999-01-01T00:00:00Z';

test('keys of the environment come first', async () => {
  const found = await credentials({ AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 's', AWS_SESSION_TOKEN: 't' });
  assert.deepEqual(found, { accessKey: 'id', secretKey: 's', sessionToken: 't' });
});

test('the shared file is read by profile', async () => {
  const text = `# ours
[default]
aws_access_key_id = one
aws_secret_access_key=first

[ other ]
aws_access_key_id = two
aws_secret_access_key = second
aws_session_token = token
`;
  const files = { '/home/me/.aws/credentials': text, '/elsewhere': text };
  const first = await credentials({ ...NOWHERE, HOME: '/home/me' }, files);
  assert.deepEqual([first.accessKey, first.secretKey, first.sessionToken], ['one', 'first', undefined]);
  const other = await credentials(
    { ...NOWHERE, AWS_SHARED_CREDENTIALS_FILE: '/elsewhere', AWS_PROFILE: 'other' },
    files,
  );
  assert.deepEqual([other.accessKey, other.secretKey, other.sessionToken], ['two', 'second', 'token']);
  const absent = credentials({ ...NOWHERE, AWS_SHARED_CREDENTIALS_FILE: '/absent' });
  await assert.rejects(absent, { code: 'permission_denied', message: 'credentials file cannot be read' });
});

test('a web identity is exchanged at the token service', async () => {
  const server = await service(() => [
    200,
    `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>
      <AccessKeyId>id</AccessKeyId><SecretAccessKey>se/cret</SecretAccessKey>
      <SessionToken>token==</SessionToken><Expiration>${ENDS}</Expiration>
    </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
  ]);
  const environment = {
    AWS_WEB_IDENTITY_TOKEN_FILE: '/token',
    AWS_ROLE_ARN: 'arn:aws:iam::1:role/lake',
    AWS_ENDPOINT_URL_STS: server.origin,
  };
  const found = await credentials(environment, { '/token': 'jwt\n' });
  assert.deepEqual(found, {
    accessKey: 'id',
    secretKey: 'se/cret',
    sessionToken: 'token==',
    expiresMs: Date.parse(ENDS),
  });
  const form = new URLSearchParams(server.requests[0]?.body);
  assert.deepEqual(
    ['Action', 'RoleArn', 'RoleSessionName', 'WebIdentityToken'].map((name) => form.get(name)),
    ['AssumeRoleWithWebIdentity', 'arn:aws:iam::1:role/lake', 'flamelake', 'jwt'],
  );
  await assert.rejects(credentials(environment), { message: 'web identity token cannot be read' });
});

test('a token service that refuses says why; one that fails may be asked again', async () => {
  const refusing = await service(() => [
    403,
    '<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>',
  ]);
  const failing = await service(() => [500, '']);
  const ask = (origin: string) =>
    credentials(
      { AWS_WEB_IDENTITY_TOKEN_FILE: '/token', AWS_ROLE_ARN: 'arn', AWS_ENDPOINT_URL_STS: origin },
      { '/token': 'jwt' },
    );
  await assert.rejects(ask(refusing.origin), (error: Error & { code?: string; details?: { reason?: string } }) => {
    assert.deepEqual([error.code, error.details?.reason], ['permission_denied', 'AccessDenied']);
    return true;
  });
  await assert.rejects(ask(failing.origin), { code: 'unavailable' });
});

test('a container asks its agent, with the token of the file', async () => {
  const server = await service(() => [
    200,
    JSON.stringify({ AccessKeyId: 'id', SecretAccessKey: 's', Token: 't', Expiration: ENDS }),
  ]);
  const environment = {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${server.origin}/v1/credentials`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/pod-token',
  };
  const found = await credentials(environment, { '/pod-token': 'pod\n' });
  assert.deepEqual(found, { accessKey: 'id', secretKey: 's', sessionToken: 't', expiresMs: Date.parse(ENDS) });
  assert.equal(server.requests[0]?.headers.authorization, 'pod');
});

test('a machine asks for a token, its role, and the role’s credentials', async () => {
  const server = await service(({ url, method, headers }) => {
    if (url === '/latest/api/token') return method === 'PUT' ? [200, 'session'] : [405, ''];
    if (headers['x-aws-ec2-metadata-token'] !== 'session') return [401, ''];
    if (url === '/latest/meta-data/iam/security-credentials/') return [200, 'lake-role\n'];
    const answer = { Code: 'Success', AccessKeyId: 'id', SecretAccessKey: 's', Token: 't', Expiration: ENDS };
    return url.endsWith('/lake-role') ? [200, JSON.stringify(answer)] : [404, ''];
  });
  const found = await credentials({ AWS_EC2_METADATA_SERVICE_ENDPOINT: server.origin });
  assert.equal(found.accessKey, 'id');
});

test('where there are none, the places are named', async () => {
  await assert.rejects(credentials(NOWHERE), (error: Error & { details?: { lookAt?: string } }) => {
    assert.match(error.details?.lookAt ?? '', /AWS_ACCESS_KEY_ID.*role/);
    return true;
  });
});
