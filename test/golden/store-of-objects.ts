/** A store in memory that holds given objects. */
import type { ObjectStore } from '@flamelake/model';
import { createMemoryStore } from '@flamelake/object-store';
import type { StoredObject } from './make-bucket.ts';

export async function storeOfObjects(objects: readonly StoredObject[]): Promise<ObjectStore> {
  const store = createMemoryStore({ clock: { nowMs: () => 0, monotonicMs: () => 0, sleep: () => Promise.resolve() } });
  for (const { key, bytes } of objects) await store.put(key, bytes);
  return store;
}
