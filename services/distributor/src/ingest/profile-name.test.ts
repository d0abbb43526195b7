import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ingestProfileName } from './profile-name.ts';
import { parseSampleTypeConfig } from './sample-type-config.ts';

const config = (text: string) => parseSampleTypeConfig(Buffer.from(text));
const cases: readonly (readonly [types: string, config: string | undefined, name: string])[] = [
  ['samples,cpu', undefined, 'process_cpu'],
  ['samples,wall', undefined, 'wall'],
  ['samples,wall,cpu', undefined, 'wall'],
  ['alloc_objects,alloc_space,inuse_objects,inuse_space', undefined, 'memory'],
  ['objects,space', undefined, 'memory'],
  ['inuse_objects,inuse_space', '{"inuse_space":{"units":"bytes"}}', 'memory'],
  ['contentions,delay', undefined, 'mutex'],
  ['contentions,delay', '{"contentions":{"display-name":"mutex_count"}}', 'mutex'],
  ['contentions,delay', '{"contentions":{"display-name":"block_count"},"delay":{}}', 'block'],
  ['contentions,delay', '{}', 'delay'],
  ['goroutine', undefined, 'goroutines'],
  ['goroutine', '{"goroutine":{"display-name":"goroutines"}}', 'goroutines'],
  ['goroutine', '{"goroutine":{"display-name":7}}', 'goroutine'],
  ['samples', undefined, 'process_cpu'],
  ['samples', '{}', 'samples'],
  ['made_up,other', undefined, 'other'],
];
for (const [types, text, name] of cases) {
  test(`${types} with ${text ?? 'no configuration'} is ${name}`, () => {
    assert.equal(ingestProfileName(types.split(','), text === undefined ? undefined : config(text)), name);
  });
}

test('a configuration that is no JSON object is refused', () => {
  for (const text of ['', '{', '[]', '7', 'null', ' '.repeat(70_000)]) {
    assert.throws(() => config(text), { code: 'invalid_argument' }, text.slice(0, 10));
  }
});
