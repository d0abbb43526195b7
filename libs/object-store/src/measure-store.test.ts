import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics, systemClock } from '@flamelake/runtime';
import { measureStore } from './measure-store.ts';
import { createMemoryStore } from './memory-store.ts';

test('operations are counted by result, bytes by direction', async () => {
  const metrics = createMetrics();
  const store = measureStore(createMemoryStore({ clock: systemClock }), metrics, systemClock);
  await store.putIfAbsent('key', new Uint8Array(10));
  await store.putIfAbsent('key', new Uint8Array(10));
  await store.put('other', new Uint8Array(5));
  await store.get('key', { lastBytes: 3 });
  await assert.rejects(store.get('..'));
  const text = await metrics.text();
  for (const line of [
    'flamelake_object_store_operation_seconds_count{operation="put_if_absent",result="ok"} 2',
    'flamelake_object_store_operation_seconds_count{operation="get",result="ok"} 1',
    'flamelake_object_store_operation_seconds_count{operation="get",result="invalid_argument"} 1',
    'flamelake_object_store_written_bytes_total 15',
    'flamelake_object_store_read_bytes_total 3',
  ]) {
    assert.ok(text.split('\n').includes(line), line);
  }
});
