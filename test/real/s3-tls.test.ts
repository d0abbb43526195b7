/** S3 over TLS: a certificate that is trusted, one that is not, and checks switched off. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, before, describe, test } from 'node:test';
import { createS3Store, type S3StoreOptions } from '@flamelake/object-store/s3';
import { systemClock, systemRandom } from '@flamelake/runtime';
import type { RunningServer } from './components/server.ts';
import { installVersitygw, S3_ACCESS_KEY, S3_BUCKET, S3_SECRET_KEY, startVersitygw } from './components/versitygw.ts';

const installed = await installVersitygw();

describe('S3 over TLS', { skip: installed.skip ?? false }, () => {
  const directory = mkdtempSync(`${tmpdir()}/flamelake-tls-`);
  const tls = { certificate: `${directory}/certificate.pem`, key: `${directory}/key.pem` };
  let server: RunningServer;

  before(async () => {
    assert.ok(installed.skip === undefined);
    const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const files = ['-keyout', tls.key, '-out', tls.certificate];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...name, ...files], {
      stdio: 'ignore',
    });
    server = await startVersitygw(installed.path, { tls });
  });
  after(async () => {
    await server.stop();
    rmSync(directory, { recursive: true });
  });

  const withStore = async (
    options: Partial<S3StoreOptions>,
    use: (store: ReturnType<typeof createS3Store>) => unknown,
  ) => {
    const store = createS3Store({
      clock: systemClock,
      random: systemRandom,
      endpoint: `https://127.0.0.1:${server.port}`,
      bucket: S3_BUCKET,
      region: 'us-east-1',
      credentials: async () => ({ accessKey: S3_ACCESS_KEY, secretKey: S3_SECRET_KEY }),
      ...options,
    });
    await use(store);
    await store.close();
  };

  test('a certificate that the given authority signed is trusted', () =>
    withStore({ ca: readFileSync(tls.certificate, 'utf8') }, async (store) => {
      assert.equal(await store.putIfAbsent('tls/key', new Uint8Array(100_000).fill(7)), 'created');
      assert.equal(await store.putIfAbsent('tls/key', new Uint8Array(1)), 'exists');
      assert.equal((await store.get('tls/key'))?.sizeBytes, 100_000);
      await store.put('tls/parts', new Uint8Array(20 * 1_048_576));
      assert.equal((await store.get('tls/parts', { lastBytes: 1 }))?.sizeBytes, 20 * 1_048_576);
      await store.delete(['tls/key', 'tls/parts']);
      assert.deepEqual(await store.list('tls/'), []);
    }));

  test('any other is not, and the option is named', () =>
    withStore({}, (store) =>
      assert.rejects(store.list(''), (error: Error & { code?: string; details?: { lookAt?: string } }) => {
        assert.deepEqual([error.code, error.details?.lookAt], ['failed_precondition', 'store.s3.ca-file']);
        return true;
      }),
    ));

  test('unless nothing is checked', () =>
    withStore({ isVerified: false }, async (store) => assert.deepEqual(await store.list(''), [])));
});
