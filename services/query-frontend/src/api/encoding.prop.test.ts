/** Hand-written answers against protobuf-es's own mapping of the same data, any data. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BodyForm, decodeMessage, encodeMessage } from '@flamelake/rpc';
import { ProfileSchema } from '@flamelake/rpc/gen/google/v1/profile_pb.js';
import {
  DiffResponseSchema,
  SelectSeriesResponseSchema,
  SeriesResponseSchema,
} from '@flamelake/rpc/gen/querier/v1/querier_pb.js';
import fc from 'fast-check';
import { encodeFlamegraph } from './flamegraph-encoding.ts';
import { JsonWriter } from './json-writer.ts';
import { profileToJson } from './profile-json.ts';
import { encodeLabelSets, encodeTimeSeries } from './series-encoding.ts';

const FORMS: readonly BodyForm[] = ['proto', 'json'];
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const anyInt64 = fc.oneof(
  int64,
  fc.bigInt({ min: 0n, max: 2n ** 54n }),
  fc.bigInt({ min: -3n, max: 3n }),
  fc.nat(40).map((n) => 10n ** BigInt(n % 19)),
);
const text = fc.string({ unit: 'binary', maxLength: 12 });
const labels = fc.array(fc.record({ name: text, value: text }, { noNullPrototype: true }), { maxLength: 4 });
const index = fc.bigInt({ min: -5n, max: 5n });

const asJson = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString());

test('int64 columns as JSON strings', () => {
  fc.assert(
    fc.property(fc.array(anyInt64), (values) => {
      const writer = new JsonWriter();
      writer.int64s(BigInt64Array.from(values));
      assert.deepEqual(JSON.parse(`[${Buffer.from(writer.view()).toString()}]`), values.map(String));
    }),
  );
});

test('flame graphs and diffs', async () => {
  const graph = fc.record({
    names: fc.array(text),
    levels: fc.array(fc.array(anyInt64, { maxLength: 30 })),
    total: anyInt64,
    maxSelf: anyInt64,
    leftTicks: anyInt64,
    rightTicks: anyInt64,
  });
  await fc.assert(
    fc.asyncProperty(graph, async (flamegraph) => {
      const columns = { ...flamegraph, levels: flamegraph.levels.map((values) => BigInt64Array.from(values)) };
      const message = { flamegraph: { ...flamegraph, levels: flamegraph.levels.map((values) => ({ values })) } };
      for (const form of FORMS) {
        const ours = decodeMessage(DiffResponseSchema, await encodeFlamegraph(columns, form), form);
        const theirs = asJson(encodeMessage(DiffResponseSchema, message, 'json'));
        assert.deepEqual(asJson(encodeMessage(DiffResponseSchema, ours, 'json')), theirs);
      }
    }),
  );
});

test('a level of any length is written in slices', async () => {
  const values = BigInt64Array.from({ length: 300_001 }, (_, i) => BigInt(i) ** 3n);
  const graph = {
    names: ['total'],
    levels: [values, new BigInt64Array(0), values.subarray(1, 3)],
    total: 1n,
    maxSelf: 0n,
  };
  for (const form of FORMS) {
    const { flamegraph } = decodeMessage(DiffResponseSchema, await encodeFlamegraph(graph, form), form);
    assert.deepEqual(
      flamegraph?.levels.map((level) => BigInt64Array.from(level.values)),
      graph.levels,
    );
  }
});

test('label sets and time series', async () => {
  const point = fc.record({
    value: fc.double(),
    timestamp: fc.oneof(
      fc.constant(0),
      fc.nat(),
      fc.nat().map((n) => n * 2 ** 20),
    ),
  });
  const series = fc.array(fc.record({ labels, points: fc.array(point) }));
  await fc.assert(
    fc.asyncProperty(series, async (all) => {
      const columns = all.map(({ labels, points }) => ({
        labels,
        timestampsMs: Float64Array.from(points, ({ timestamp }) => timestamp),
        values: Float64Array.from(points, ({ value }) => value),
      }));
      const message = {
        series: all.map(({ labels, points }) => ({
          labels,
          points: points.map(({ value, timestamp }) => ({ value, timestamp: BigInt(timestamp) })),
        })),
      };
      const sets = { labelsSet: all.map(({ labels }) => ({ labels })) };
      for (const form of FORMS) {
        const gotSeries = decodeMessage(SelectSeriesResponseSchema, await encodeTimeSeries(columns, form), form);
        const wanted = encodeMessage(SelectSeriesResponseSchema, message, 'proto');
        assert.deepEqual(encodeMessage(SelectSeriesResponseSchema, gotSeries, 'proto'), wanted);
        const gotSets = decodeMessage(
          SeriesResponseSchema,
          await encodeLabelSets(
            columns.map(({ labels }) => labels),
            form,
          ),
          form,
        );
        assert.deepEqual(
          encodeMessage(SeriesResponseSchema, gotSets, 'proto'),
          encodeMessage(SeriesResponseSchema, sets, 'proto'),
        );
      }
    }),
  );
});

test('profiles from protobuf to JSON', async () => {
  const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const profile = fc.record({
    sampleType: fc.array(fc.record({ type: index, unit: anyInt64 }, { noNullPrototype: true }), { maxLength: 3 }),
    sample: fc.array(
      fc.record({
        locationId: fc.array(uint64, { maxLength: 5 }),
        value: fc.array(anyInt64, { maxLength: 3 }),
        label: fc.array(fc.record({ key: index, num: anyInt64 }, { noNullPrototype: true }), { maxLength: 2 }),
      }),
      { maxLength: 4 },
    ),
    mapping: fc.array(fc.record({ id: uint64, hasFunctions: fc.boolean(), hasInlineFrames: fc.boolean() }), {
      maxLength: 2,
    }),
    location: fc.array(
      fc.record({
        address: uint64,
        isFolded: fc.boolean(),
        line: fc.array(fc.record({ line: anyInt64, functionId: uint64 })),
      }),
      { maxLength: 3 },
    ),
    function: fc.array(fc.record({ id: uint64, startLine: anyInt64 }), { maxLength: 3 }),
    stringTable: fc.array(text),
    timeNanos: anyInt64,
    comment: fc.array(anyInt64, { maxLength: 3 }),
    defaultSampleType: index,
  });
  await fc.assert(
    fc.asyncProperty(profile, async (fields) => {
      const json = await profileToJson(encodeMessage(ProfileSchema, fields, 'proto'));
      assert.deepEqual(asJson(json), asJson(encodeMessage(ProfileSchema, fields, 'json')));
    }),
  );
});

test('a profile whose bytes are not as expected is an internal error', async () => {
  for (const bytes of [
    [0x48],
    [0x50, 1, 0x48, 1],
    [0x48, 1, 0x48, 1],
    [0x0a, 5, 8],
    [0x78, 1],
    [0x49, 1],
    [0x48, ...Array(11).fill(255)],
  ]) {
    await assert.rejects(profileToJson(Uint8Array.from(bytes)), { code: 'internal' }, String(bytes));
  }
});
