import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSnapshotSource } from '@flamelake/catalog';
import { type Clock, FlamelakeError, type ObjectStore } from '@flamelake/model';
import { createMemoryStore } from '@flamelake/object-store';
import { createSeededRandom } from '@flamelake/testkit';
import { dataActions } from './data-actions.ts';

const KEYS = { seal: new Uint8Array(32).fill(1), hmac: new Uint8Array(32).fill(2) };
const MESSAGE = { selector: '{service_name="cart"}' };

/** A store whose puts wait until they are let go. */
function createWorld() {
  const clock: Clock = { nowMs: () => Date.UTC(2026, 10, 21), monotonicMs: () => 0, sleep: () => Promise.resolve() };
  const inner = createMemoryStore({ clock });
  const random = createSeededRandom(1);
  const gate = Promise.withResolvers<void>();
  let putting = 0;
  const store: ObjectStore = {
    ...inner,
    async putIfAbsent(key, body) {
      putting++;
      await gate.promise;
      return inner.putIfAbsent(key, body);
    },
  };
  const snapshots = createSnapshotSource({ store, clock });
  const actions = dataActions({ store, clock, random, snapshots, keys: KEYS });
  const run = (name: string, signal: AbortSignal, message: object = MESSAGE) =>
    actions.find(({ path }) => path === `/api/v1/${name}`)?.run('acme', { ...message }, signal) ?? assert.fail(name);
  return { run, open: () => gate.resolve(), putting: () => putting };
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

test('many changes at once go a few at a time; beyond those that may wait they are refused for now', async () => {
  const { run, open, putting } = createWorld();
  const never = new AbortController().signal;
  const outcomes = Array.from({ length: 100 }, (_, i) =>
    run(i % 2 === 0 ? 'delete' : 'pin', never).then(
      () => 'done',
      (error: unknown) => (error instanceof FlamelakeError ? error.code : String(error)),
    ),
  );
  for (let i = 0; i < 20; i++) await settled();
  assert.equal(putting(), 2);
  open();
  const counts = Object.groupBy(await Promise.all(outcomes), (outcome) => outcome);
  assert.deepEqual([counts.done?.length, counts.resource_exhausted?.length], [66, 34]);
  const { records } = (await run('changes', never, {})) as { readonly records: readonly unknown[] };
  assert.equal(records.length, 2 * 66);
});

test('a change whose client is gone before its turn is not made', async () => {
  const { run, open } = createWorld();
  const [stays, gone] = [new AbortController(), new AbortController()];
  const first = [run('delete', stays.signal), run('delete', stays.signal)];
  const waiting = run('delete', gone.signal);
  gone.abort();
  await assert.rejects(waiting, { code: 'canceled' });
  open();
  await Promise.all(first);
  const { records } = (await run('changes', stays.signal, {})) as { readonly records: readonly unknown[] };
  assert.equal(records.length, 4);
});
