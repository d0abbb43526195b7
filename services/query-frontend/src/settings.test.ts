import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '@flamelake/model';
import { createMemoryStore } from '@flamelake/object-store';
import { createSeededRandom } from '@flamelake/testkit';
import { createSettings } from './settings.ts';

function world() {
  const clock: Clock = { nowMs: () => 5_000, monotonicMs: () => 0, sleep: () => Promise.resolve() };
  return createSettings({ store: createMemoryStore({ clock }), random: createSeededRandom(1), clock });
}

test('settings are kept by tenant and name', async () => {
  const settings = world();
  assert.deepEqual(await settings.get('t'), []);
  const set = await settings.set('t', { name: 'pluginSettings', value: '{"a":1}', modifiedAtMs: 0 });
  assert.deepEqual(set, { name: 'pluginSettings', value: '{"a":1}', modifiedAtMs: 5_000 });
  await settings.set('t', { name: 'b', value: '', modifiedAtMs: 7 });
  assert.deepEqual(
    (await settings.get('t')).map(({ name }) => name),
    ['b', 'pluginSettings'],
  );
  assert.deepEqual(await settings.get('u'), []);
  await settings.delete('t', 'b');
  await settings.delete('t', 'b');
  assert.deepEqual(await settings.get('t'), [set]);
});

test('an older change does not undo a newer one', async () => {
  const settings = world();
  await settings.set('t', { name: 'a', value: 'new', modifiedAtMs: 20 });
  await assert.rejects(settings.set('t', { name: 'a', value: 'old', modifiedAtMs: 10 }), { code: 'already_exists' });
  await settings.set('t', { name: 'a', value: 'newer', modifiedAtMs: 20 });
  assert.equal((await settings.get('t'))[0]?.value, 'newer');
  for (const broken of [settings.set('t', { name: '', value: 'x', modifiedAtMs: 1 }), settings.delete('t', '')]) {
    await assert.rejects(broken, { code: 'invalid_argument' });
  }
});
