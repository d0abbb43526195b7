import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlamelakeError, type Label } from '@flamelake/model';
import { DEFAULT_INGEST_LIMITS } from './limits.ts';
import { validateLabels } from './validate-labels.ts';

const label = (name: string, value = 'v'): Label => ({ name, value });
const many = (count: number) => Array.from({ length: count }, (_, i) => label(`n${i}`));

const accepted: Readonly<Record<string, readonly Label[]>> = {
  none: [],
  'a dotted name': [label('process.runtime.name', 'go')],
  'UTF-8': [label('größe', '😀')],
  'as many as allowed': many(64),
  'a name of 1,024 bytes': [label('ü'.repeat(512))],
  'a value of 2,048 bytes': [label('a', 'ü'.repeat(1_024))],
};
for (const [what, labels] of Object.entries(accepted)) {
  test(`labels: ${what}`, () => validateLabels(labels, 't', DEFAULT_INGEST_LIMITS));
}

const refused: Readonly<
  Record<string, readonly [labels: readonly Label[], reason: string, limit: number | undefined]>
> = {
  'one too many': [many(65), 'max_label_names_per_series', 64],
  'a name of 1,025 bytes': [[label(`${'ü'.repeat(512)}x`)], 'label_name_too_long', 1_024],
  'a value of 2,049 bytes': [[label('a', `${'ü'.repeat(1_024)}x`)], 'label_value_too_long', 2_048],
  'an empty name': [[label('')], 'invalid_labels', undefined],
  'half a surrogate pair in a name': [[label('\ud83d')], 'invalid_labels', undefined],
  'half a surrogate pair in a value': [[label('a', '\ude00')], 'invalid_labels', undefined],
  'a name twice': [[label('a'), label('a')], 'duplicate_label_names', undefined],
};
for (const [what, [labels, reason, limit]] of Object.entries(refused)) {
  test(`labels: ${what} is refused, with the limit and the tenant named`, () => {
    assert.throws(
      () => validateLabels(labels, 'team-a', DEFAULT_INGEST_LIMITS),
      (error) => {
        assert(error instanceof FlamelakeError);
        assert.equal(error.code, 'invalid_argument');
        assert.equal(error.details.reason, reason);
        assert.equal(error.details.tenant, 'team-a');
        assert.equal(error.details.limit ?? error.details.limitBytes, limit);
        if (limit !== undefined) assert.match(String(error.details.key), /^limits\./);
        return true;
      },
    );
  });
}
