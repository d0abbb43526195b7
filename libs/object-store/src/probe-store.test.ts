import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlamelakeError, type ObjectStore } from '@flamelake/model';
import { systemClock, systemRandom } from '@flamelake/runtime';
import { createMemoryStore } from './memory-store.ts';
import { probePutIfAbsent, probeReadWrite } from './probe-store.ts';

const refuses = (error: unknown) =>
  error instanceof FlamelakeError &&
  error.code === 'failed_precondition' &&
  String(error.details.lookAt).includes('If-None-Match');

/** A store that looks, then writes: two writers that come together both win. */
function lookThenWrite(inner: ObjectStore): ObjectStore {
  return {
    ...inner,
    async putIfAbsent(key, body) {
      if ((await inner.get(key)) !== undefined) return 'exists';
      await inner.put(key, body);
      return 'created';
    },
  };
}

/** A store that takes no notice of the condition. */
function overwrite(inner: ObjectStore): ObjectStore {
  return {
    ...inner,
    async putIfAbsent(key, body) {
      await inner.put(key, body);
      return 'created';
    },
  };
}

/** A store that lets only the first answer win, but keeps the last bytes. */
function keepLast(inner: ObjectStore): ObjectStore {
  return {
    ...inner,
    async putIfAbsent(key, body) {
      const answer = await inner.putIfAbsent(key, body);
      await inner.put(key, body);
      return answer;
    },
  };
}

for (const [name, broken] of Object.entries({ lookThenWrite, overwrite, keepLast })) {
  test(`the probe refuses a store of kind ${name}, and cleans up`, async () => {
    const inner = createMemoryStore({ clock: systemClock });
    await assert.rejects(probePutIfAbsent(broken(inner), systemRandom), refuses);
    assert.deepEqual(await inner.list(''), []);
  });
}

test('the readiness probe fails when other bytes come back, or none', async () => {
  const inner = createMemoryStore({ clock: systemClock });
  const forgetful: ObjectStore = { ...inner, put: async () => {} };
  await assert.rejects(probeReadWrite(forgetful, systemRandom), /other bytes/);
  const garbling: ObjectStore = {
    ...inner,
    put: (key, body) =>
      inner.put(
        key,
        body.map((byte) => byte ^ 1),
      ),
  };
  await assert.rejects(probeReadWrite(garbling, systemRandom), /other bytes/);
  assert.deepEqual(await inner.list(''), []);
});
