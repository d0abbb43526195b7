/** TLS on both ports, with certificates of openssl: HTTP/1.1, HTTP/2 and calls between our services; plain clients are refused. */
import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CERTIFICATE_NAME, makeCertificate } from '../../libs/rpc/src/certificates.test-support.ts';
import { get, type ServerProcess, startServer, temporaryDirectory } from './server-process.ts';
import { push, smallPprof, totalOf } from './small-profile.ts';

const started: ServerProcess[] = [];
after(() => Promise.all(started.map((server) => server.kill())));

type Tls = ReturnType<typeof makeCertificate>;

/** Files as a mounted secret has them; written again they change at once. */
function pemFiles(directory: string, name: string) {
  const path = (kind: keyof Tls) => join(directory, `${name}-${kind}.pem`);
  const write = (tls: Tls) => {
    for (const kind of ['ca', 'cert', 'key'] as const) {
      writeFileSync(`${path(kind)}.new`, tls[kind]);
      renameSync(`${path(kind)}.new`, path(kind));
    }
  };
  return { path, write };
}

async function start(options: Parameters<typeof startServer>[0]): Promise<ServerProcess> {
  const flags = ['--self-profiling.enabled=false', ...(options?.flags ?? [])];
  const server = await startServer({ ...options, flags });
  started.push(server);
  return server;
}

test('the public port speaks TLS to HTTP/1.1 and gRPC, and takes up changed certificates', async () => {
  const directory = temporaryDirectory();
  const files = pemFiles(directory, 'server');
  const [first, second] = [makeCertificate('first'), makeCertificate('second')];
  files.write(first);
  const server = await start({
    flags: [
      `--server.tls.cert-file=${files.path('cert')}`,
      `--server.tls.key-file=${files.path('key')}`,
      '--tls.reload-interval=100ms',
    ],
    tls: first,
  });
  assert.match(server.url, /^https:/);
  assert.equal((await get(`${server.url}/ready`, { ca: first.ca })).status, 200);
  assert.equal(await grpcHealth(server.url, first.ca), '0');
  await assert.rejects(get(server.url.replace('https:', 'http:')), 'plain HTTP/1.1 is refused');
  await assert.rejects(grpcHealth(server.url.replace('https:', 'http:'), first.ca), 'plain HTTP/2 is refused');

  // A certificate without its key changes nothing until the key is there too.
  writeFileSync(files.path('cert'), second.cert);
  await until(async () => /tls_reload_failures_total\{port="server"\} [1-9]/.test(await metrics(server, first.ca)));
  files.write(second);
  await until(() =>
    get(`${server.url}/ready`, { ca: second.ca }).then(
      () => true,
      () => false,
    ),
  );
  assert.equal(await grpcHealth(server.url, second.ca), '0');
  assert.equal(await server.terminate(), 0);
});

test('who shows no certificate is refused where certificates of clients are asked for', async () => {
  const files = pemFiles(temporaryDirectory(), 'mutual');
  const [ours, theirs] = [makeCertificate('ours'), makeCertificate('theirs')];
  files.write(ours);
  const flags = (['cert', 'key'] as const).map((kind) => `--server.tls.${kind}-file=${files.path(kind)}`);
  const server = await start({ flags: [...flags, `--server.tls.client-ca-file=${files.path('ca')}`], tls: ours });
  assert.equal((await get(`${server.url}/ready`, ours)).status, 200);
  await assert.rejects(get(`${server.url}/ready`, { ca: ours.ca }));
  await assert.rejects(get(`${server.url}/ready`, { ...theirs, ca: ours.ca }));
});

test('query-frontends and queriers show each other certificates, also changed ones; strangers get nothing', async () => {
  const directory = temporaryDirectory();
  const writer = await start({ directory });
  await push(writer.url, 'secret', smallPprof({ stacks: [{ frames: ['main'], value: 7n }], timeMs: Date.now() }));
  assert.equal(await writer.terminate(), 0);

  const files = pemFiles(temporaryDirectory(), 'internal');
  files.write(makeCertificate('first'));
  const internal = [
    ...(['cert', 'key', 'ca'] as const).map((kind) => `--internal.tls.${kind}-file=${files.path(kind)}`),
    `--internal.tls.server-name=${CERTIFICATE_NAME}`,
    '--tls.reload-interval=100ms',
  ];
  const querierFlags = ['--target=querier', '--querier.host=127.0.0.1', '--querier.port=0'];
  const querier = await start({ directory, flags: [...querierFlags, ...internal] });
  const port = Number(querier.log.find((line) => line.message === 'taking tasks')?.port);
  const frontendFlags = ['--target=query-frontend', `--query-frontend.queriers=127.0.0.1:${port}`];
  const frontend = await start({ directory, flags: [...frontendFlags, ...internal] });
  assert.equal(await totalOf(frontend.url, 'secret', ''), 7n);

  const second = makeCertificate('second');
  files.write(second);
  const later = await start({ directory, flags: [...frontendFlags, ...internal] });
  assert.equal(await totalOf(later.url, 'secret', ''), 7n);
  // Who is connected stays so.
  assert.equal(await totalOf(frontend.url, 'secret', ''), 7n);

  await assert.rejects(grpcHealth(`http://127.0.0.1:${port}`, second.ca), 'plain HTTP/2 is refused');
  await assert.rejects(grpcHealth(`https://127.0.0.1:${port}`, second.ca), 'who shows no certificate is refused');
});

/** Asks for gRPC's health on a connection of its own. @returns `grpc-status` */
async function grpcHealth(url: string, ca: string): Promise<unknown> {
  const session = connect(url, { ca });
  try {
    return await new Promise((resolve, reject) => {
      session.on('error', reject);
      const stream = session.request({
        ':method': 'POST',
        ':path': '/grpc.health.v1.Health/Check',
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      stream.on('trailers', (trailers) => resolve(trailers['grpc-status']));
      stream.on('error', reject).on('close', () => reject(new Error('closed without trailers')));
      stream.resume().end(Buffer.alloc(5));
    });
  } finally {
    session.destroy();
  }
}

async function metrics(server: ServerProcess, ca: string): Promise<string> {
  return (await get(`${server.url}/metrics`, { ca })).text;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
}
