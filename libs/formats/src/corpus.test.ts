/**
 * Every pprof of the corpora against its truth: the committed one always, the one named by FLAMELAKE_CORPUS as well.
 * Truth files are JSON with numbers: totals in them are compared as numbers, below 2^53.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  decodeLogRecord,
  decodePprof,
  describePprof,
  encodeLogRecord,
  encodePprof,
  inflate,
  type NormalizedProfile,
  normalizeProfile,
  type Pprof,
  type ProfileRecord,
} from './index.ts';

const BYTES_MAX = 33_554_432;

interface TruthRow {
  readonly name: string;
  readonly flat: number;
  readonly cum: number;
}

interface Truth {
  readonly time_nanos: number;
  readonly duration_nanos: number;
  readonly period: number;
  readonly period_type: string;
  readonly samples: number;
  readonly locations: number;
  readonly functions: number;
  readonly mappings: number;
  readonly distinct_stacks: number;
  readonly string_labels: Readonly<Record<string, unknown>>;
  readonly sample_types: readonly {
    readonly type: string;
    readonly unit: string;
    readonly total: number;
    readonly samples_negative: number;
    readonly value_without_stack: number;
    readonly top20_by_flat: readonly TruthRow[];
    readonly top20_by_cum: readonly TruthRow[];
  }[];
}

interface Entry {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly truth: Truth;
}

function readCorpus(folder: string): Entry[] {
  const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as Record<string, string>[];
  return index
    .filter(({ format, truth }) => format === 'pprof' && truth !== undefined)
    .map(({ file, truth }) => ({
      file: file,
      bytes: inflate(readFileSync(join(folder, file)), { bytesMax: BYTES_MAX }),
      truth: JSON.parse(readFileSync(join(folder, truth), 'utf8')) as Truth,
    }));
}

const corpora = [join(import.meta.dirname, '../../../test/corpus'), process.env['FLAMELAKE_CORPUS']];
for (const [i, folder] of corpora.entries()) {
  const name = i === 0 ? 'test/corpus' : 'FLAMELAKE_CORPUS';
  test(`pprof files of ${name}`, { skip: folder ? false : 'FLAMELAKE_CORPUS is not set' }, async (t) => {
    const entries = readCorpus(folder as string);
    assert.ok(entries.length > 50);
    await t.test('summaries equal the truth', () => {
      for (const entry of entries) checkSummary(entry);
    });
    await t.test('encoding and decoding changes nothing', () => {
      for (const { file, bytes } of entries) {
        const pprof = decodePprof(bytes);
        const encoded = encodePprof(pprof);
        assert.deepEqual(decodePprof(encoded), pprof, file);
        assert.deepEqual(encodePprof(decodePprof(encoded)), encoded, file);
      }
    });
    await t.test('normalising keeps every total', () => {
      for (const entry of entries) checkNormalized(entry);
    });
    await t.test('log records give back what was put in, alone and together', () => {
      const records = entries.map(({ bytes }) => toRecord(normalizeProfile(decodePprof(bytes))));
      for (const record of records) assert.deepEqual(decodeLogRecord(encodeLogRecord([record])), [record]);
      assert.deepEqual(decodeLogRecord(encodeLogRecord(records)), records);
    });
  });
}

function checkSummary({ file, bytes, truth }: Entry): void {
  const pprof = decodePprof(bytes);
  const summary = describePprof(pprof);
  assert.equal(Number(summary.durationNanos), truth.duration_nanos, file);
  assert.equal(Number(summary.period), truth.period, file);
  assert.equal(summary.periodType, truth.period_type === '/' ? '' : truth.period_type, file);
  assert.equal(summary.sampleCount, truth.samples, file);
  assert.equal(summary.stackCount, truth.distinct_stacks, file);
  assert.equal(summary.locationCount, truth.locations, file);
  assert.equal(summary.functionCount, truth.functions, file);
  assert.equal(summary.mappingCount, truth.mappings, file);
  assert.deepEqual(summary.labelNames, Object.keys(truth.string_labels ?? {}).sort(), file);
  const all = describePprof(pprof, { rows: Number.MAX_SAFE_INTEGER });
  assert.equal(summary.sampleTypes.length, truth.sample_types.length, file);
  for (const [i, wanted] of truth.sample_types.entries()) {
    const got = summary.sampleTypes[i];
    const where = `${file} ${wanted.type}`;
    assert.equal(`${got.type}/${got.unit}`, `${wanted.type}/${wanted.unit}`, where);
    assert.equal(Number(got.total), wanted.total, where);
    assert.equal(Number(got.withoutStack), wanted.value_without_stack, where);
    const rows = all.sampleTypes[i];
    // Among equal values the truth's order is its own: rows are looked up by name.
    for (const [wantedRows, gotRows] of [
      [wanted.top20_by_flat, rows.top],
      [wanted.top20_by_cum, rows.topByCum],
    ] as const) {
      const byName = new Map(gotRows.map((row) => [row.name, row]));
      for (const { name, flat, cum } of wantedRows) {
        if (flat === 0 && gotRows === rows.top) continue;
        const row = byName.get(name);
        assert.deepEqual([Number(row?.flat ?? 0n), Number(row?.cum ?? 0n)], [flat, cum], `${where} ${name}`);
      }
    }
  }
}

function checkNormalized({ file, bytes, truth }: Entry): void {
  const pprof = decodePprof(bytes);
  const normalized = normalizeProfile(pprof);
  const { counts, groups, totals } = normalized;
  const wanted = nonNegativeTotals(pprof);
  assert.deepEqual([...totals], wanted, file);
  if (truth.sample_types.every((type) => type.samples_negative === 0)) {
    assert.deepEqual(
      [...totals].map(Number),
      truth.sample_types.map(({ total }) => total),
      file,
    );
    assert.equal(counts.negativeSamples, 0, file);
  }
  for (const [type, total] of wanted.entries()) {
    const sums = groups.map(({ values, sampleCount }) =>
      values.subarray(type * sampleCount, (type + 1) * sampleCount).reduce((sum, value) => sum + value, 0n),
    );
    assert.equal(
      sums.reduce((sum, value) => sum + value, 0n),
      total,
      file,
    );
  }
  assert.deepEqual([counts.truncatedStacks, counts.truncatedStrings, counts.badSpanIds], [0, 0, 0], file);
}

function nonNegativeTotals({ values, sampleTypes }: Pprof): bigint[] {
  const totals = sampleTypes.map(() => 0n);
  for (let i = 0; i < values.length; i += totals.length) {
    const sample = [...values.subarray(i, i + totals.length)];
    if (sample.every((value) => value >= 0n))
      for (const [type, value] of sample.entries()) totals[type] = totals[type] + value;
  }
  return totals;
}

function toRecord(profile: NormalizedProfile): ProfileRecord {
  return {
    tenant: 'anonymous',
    service: 'corpus',
    identity: Uint8Array.from({ length: 16 }, (_, i) => i),
    timeNanos: profile.timeNanos,
    durationNanos: profile.durationNanos,
    period: profile.period,
    types: profile.sampleTypes.map(({ type, unit }) => ({
      name: 'process_cpu',
      sampleType: type,
      sampleUnit: unit,
      periodType: profile.periodType?.type ?? '',
      periodUnit: profile.periodType?.unit ?? '',
    })),
    symbols: profile.symbols,
    stacks: profile.stacks,
    groups: profile.groups.map(({ sampleLabels, ...columns }) => ({ labels: sampleLabels, ...columns })),
  };
}
