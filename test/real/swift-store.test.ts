import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createSwiftStore, type SwiftStoreOptions } from '@flamelake/object-store/swift';
import { systemClock, systemRandom } from '@flamelake/runtime';
import { SWIFT_CONTAINER, SWIFT_IDENTITY, startSwiftServer } from './components/swift-server.ts';
import { objectStoreContract } from './object-store.contract.ts';

const server = await startSwiftServer();
after(() => server.stop());

const open = async (options: Partial<SwiftStoreOptions> = {}) =>
  createSwiftStore({
    clock: systemClock,
    random: systemRandom,
    authUrl: server.authUrl,
    identity: SWIFT_IDENTITY,
    container: SWIFT_CONTAINER,
    prefix: 'some/where',
    attemptsMax: 2,
    ...options,
  });

objectStoreContract('Swift (a server of ours, not a real one)', { open });

test('a token that was revoked is replaced', async () => {
  const store = await open();
  await store.put('token/key', new Uint8Array(3));
  server.revoke();
  assert.equal((await store.get('token/key'))?.sizeBytes, 3);
  await store.close();
});

test('wrong words are told apart', async () => {
  const strange = await open({ container: 'elsewhere' });
  await assert.rejects(strange.list(''), { code: 'failed_precondition', message: 'container does not exist' });
  const unknown = await open({ identity: { ...SWIFT_IDENTITY, password: 'wrong' } });
  await assert.rejects(unknown.list(''), { code: 'permission_denied' });
  const abroad = await open({ region: 'two' });
  await assert.rejects(abroad.list(''), {
    code: 'failed_precondition',
    message: 'identity service names no object store',
  });
  await Promise.all([strange, unknown, abroad].map((store) => store.close()));
});

test('writers of another process are not kept in line: this is why Swift serves one process', async () => {
  const stores = await Promise.all([open(), open()]);
  server.checkTogether(2);
  const answers = await Promise.all(stores.map((store) => store.putIfAbsent('double/key', new Uint8Array(1))));
  assert.deepEqual(answers, ['created', 'created']);
  await Promise.all(stores.map((store) => store.close()));
});

test('a container is made once', async () => {
  const store = await open({ container: 'made-here' });
  assert.deepEqual([await store.makeBucket(), await store.makeBucket()], ['created', 'exists']);
  await store.close();
});
