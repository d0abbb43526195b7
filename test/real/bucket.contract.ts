/** What making the bucket of a store must do. A driver's test calls this with a way to open a store whose bucket is not there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RemoteStore } from '@flamelake/object-store';

export interface BucketContract {
  /** Opens a store in a bucket of its own name; any number of stores may be opened in it. */
  readonly open: () => Promise<RemoteStore>;
  /** Why the contract cannot run here. */
  readonly skip?: string | undefined;
}

export function bucketContract(name: string, { open, skip }: BucketContract): void {
  test(`bucket contract: ${name}`, { skip: skip ?? false }, async () => {
    const stores = await Promise.all(Array.from({ length: 4 }, open));
    const [store] = stores;
    assert.ok(store);
    try {
      await assert.rejects(store.list(''), { code: 'failed_precondition', message: /does not exist/ });
      const answers = await Promise.all(stores.map((one) => one.makeBucket()));
      assert.ok(answers.includes('created'), answers.join());
      await store.put('kept', new Uint8Array(3));
      assert.deepEqual(await Promise.all(stores.map((one) => one.makeBucket())), Array(4).fill('exists'));
      assert.equal((await store.get('kept'))?.sizeBytes, 3);
    } finally {
      await Promise.all(stores.map((one) => one.close()));
    }
  });
}
