import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FlamelakeError } from '@flamelake/model';
import { ByteWriter } from '../byte-writer.ts';
import { describePprof } from '../describe-pprof.ts';
import { inflate } from '../inflate.ts';
import { decodeOtlp } from './decode-otlp.ts';

const LIMITS = { samplesMax: 250_000, sampleLabelsMax: 100 };
const corpus = process.env['FLAMELAKE_CORPUS'];

interface Truth {
  readonly profiles: readonly {
    readonly resource: Readonly<Record<string, string>>;
    readonly sample_type: { readonly type: string; readonly unit: string };
    readonly time_unix_nano: string;
    readonly samples: number;
    readonly total: string;
    readonly top20_by_flat: readonly { readonly name: string; readonly flat: number; readonly cum: number }[];
  }[];
}

test('every OTLP file of the corpus says what its truth says', { skip: corpus ? false : 'no FLAMELAKE_CORPUS' }, () => {
  const folder = corpus as string;
  const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as Readonly<Record<string, string>>[];
  const files = index.filter(({ format, truth }) => /^otlp-(protobuf|json)$/.test(format) && truth !== undefined);
  assert.ok(files.length > 10);
  for (const { file, format, truth } of files) {
    const body = inflate(readFileSync(join(folder, file)), { bytesMax: 1e8 });
    const expected = JSON.parse(readFileSync(join(folder, truth), 'utf8')) as Truth;
    const { members } = decodeOtlp(body, format === 'otlp-json' ? 'json' : 'proto', LIMITS);
    assert.equal(members.length, expected.profiles.length, file);
    for (const [i, member] of members.entries()) {
      const profile = expected.profiles[i];
      assert.deepEqual(Object.fromEntries(member.attributes.map(({ name, value }) => [name, value])), profile.resource);
      const { parts } = member.read();
      const [{ pprof }] = parts;
      assert.equal(parts.length, 1);
      assert.equal(pprof.timeNanos, BigInt(profile.time_unix_nano));
      assert.deepEqual(pprof.sampleTypes, [profile.sample_type]);
      assert.equal(pprof.sampleCount, profile.samples);
      const [summary] = describePprof(pprof, { rows: 1_000_000 }).sampleTypes;
      assert.equal(summary.total, BigInt(profile.total), file);
      for (const { name, flat, cum } of profile.top20_by_flat) {
        // Numbered by the run: known by what stands before the number.
        if (name.includes('$$Lambda')) continue;
        const found = [...summary.top, ...summary.topByCum].find((row) => row.name === name);
        assert.deepEqual([found?.flat, found?.cum], [BigInt(flat), BigInt(cum)], `${file} ${name}`);
      }
    }
  }
});

/** A field of protobuf: a number, or bytes, text or a message. */
type Field = readonly [number: number, value: number | string | Uint8Array | readonly Field[]];

function message(fields: readonly Field[]): Uint8Array {
  const out = new ByteWriter();
  for (const [number, value] of fields) {
    out.varint((number << 3) | (typeof value === 'number' ? 0 : 2));
    if (typeof value === 'number') out.varint(value);
    else {
      const bytes =
        typeof value === 'string' ? Buffer.from(value) : value instanceof Uint8Array ? value : message(value);
      out.varint(bytes.length);
      out.bytes(bytes);
    }
  }
  return out.copy();
}

function request(profile: readonly Field[], dictionary: readonly Field[]): Uint8Array {
  return message([
    [1, [[2, [[2, profile]]]]],
    [2, dictionary],
  ]);
}

function refusal(read: () => unknown): FlamelakeError {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof FlamelakeError);
    return error;
  }
  return assert.fail('was not refused');
}

const strings: readonly Field[] = ['', 'x', 'y'].map((text): Field => [5, text]);

test('older schemas are refused with the versions that are served', () => {
  // v1.7: location indices in field 3, and a dictionary; v1.5: tables in the profile.
  const v17 = request(
    [
      [3, Uint8Array.of(1, 2)],
      [2, [[1, 1]]],
    ],
    strings,
  );
  const v15 = message([
    [
      1,
      [
        [
          2,
          [
            [
              2,
              [
                [6, 'main'],
                [10, ''],
              ],
            ],
          ],
        ],
      ],
    ],
  ]);
  for (const [body, schema] of [
    [v17, 'v1.7'],
    [v15, 'v1.6 or older'],
  ] as const) {
    const { details, message: text } = refusal(() => decodeOtlp(body, 'proto', LIMITS).members[0].read());
    assert.match(text, /too old/);
    assert.deepEqual([details.schema, details.served], [schema, 'v1.8 to v1.11']);
  }
  const empty = request(
    [
      [1, [[1, 1]]],
      [2, [[1, 1]]],
    ],
    [...strings, [7, ''], [7, '']],
  );
  assert.match(refusal(() => decodeOtlp(empty, 'proto', LIMITS).members[0].read()).message, /neither values nor/);
});

test('samples that have only numbers in field 2 are values, unless they could be attributes of events', () => {
  const values = request(
    [
      [1, [[1, 1]]],
      [2, [[2, Uint8Array.of(1, 1)]]],
    ],
    [...strings, [6, ''], [6, '']],
  );
  assert.deepEqual([...decodeOtlp(values, 'proto', LIMITS).members[0].read().parts[0].pprof.values], [2n]);
  const events = request(
    [
      [1, [[1, 1]]],
      [
        2,
        [
          [2, Uint8Array.of(1)],
          [5, new Uint8Array(24)],
        ],
      ],
    ],
    [
      ...strings,
      [6, ''],
      [
        6,
        [
          [1, 1],
          [2, [[1, 'v']]],
        ],
      ],
    ],
  );
  const [{ pprof }] = decodeOtlp(events, 'proto', LIMITS).members[0].read().parts;
  assert.deepEqual([...pprof.values], [3n]);
  assert.equal(pprof.labels.key.length, 1);
});

test('a frame at index 0 counts when it is something, and is none when it is not set', () => {
  const stack: Field = [7, [[1, Uint8Array.of(0, 1)]]];
  const tables: readonly Field[] = [
    ...strings,
    [3, ''],
    [3, [[1, 1]]],
    [2, [[3, [[1, 1]]]]],
    [2, [[3, [[1, 1]]]]],
    stack,
  ];
  const read = (dictionary: readonly Field[]) =>
    decodeOtlp(
      request(
        [
          [1, [[1, 1]]],
          [2, [[4, Uint8Array.of(1)]]],
        ],
        dictionary,
      ),
      'proto',
      LIMITS,
    ).members[0].read().parts[0].pprof.stacks.locations.length;
  assert.equal(read(tables), 2);
  assert.equal(read(tables.map((field, i) => (i === 5 ? [2, ''] : field))), 1);
});

test('what a request unfolds to is bounded by its size, whatever it shares', () => {
  const frames = new Uint8Array(100_000).fill(1);
  const dictionary: readonly Field[] = [...strings, [2, ''], [2, [[2, 1]]], [7, ''], [7, [[1, frames]]]];
  const profiles = Array.from(
    { length: 1_000 },
    (): Field => [
      2,
      [
        [1, [[1, 1]]],
        [
          2,
          [
            [1, 1],
            [4, Uint8Array.of(1)],
          ],
        ],
      ],
    ],
  );
  const { members } = decodeOtlp(
    message([
      [1, [[2, profiles]]],
      [2, dictionary],
    ]),
    'proto',
    LIMITS,
  );
  members[0].read();
  assert.match(refusal(() => members.map((member) => member.read())).message, /unfold to too much/);
});
