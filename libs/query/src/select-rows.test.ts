import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProfileColumns, Series } from '@flamelake/block';
import * as fc from 'fast-check';
import { compileDeletes, compileSelection, selectRows, selectSeries } from './select-rows.ts';
import type { RowDelete } from './task.ts';

const TYPE = { name: 'n', sampleType: 'a', sampleUnit: 'b', periodType: '', periodUnit: '' };
const SERIES = seriesOf([]);

/** Three series, and which of the rows are theirs. */
function seriesOf(rows: readonly (readonly [series: number, timeMs: number])[]): readonly Series[] {
  return ['eu', 'us', ''].map((region, i) => ({
    labels: region === '' ? [] : [{ name: 'region', value: region }],
    type: TYPE,
    rows: { from: rows.filter(([series]) => series < i).length, until: rows.filter(([series]) => series <= i).length },
  }));
}

function columnsOf(rows: readonly (readonly [series: number, timeMs: number])[]): ProfileColumns {
  const count = rows.length;
  return {
    count,
    series: Uint32Array.from(rows, ([series]) => series),
    push: new Uint32Array(count),
    timeMs: Float64Array.from(rows, ([, timeMs]) => timeMs),
    durationNanos: new Float64Array(count),
    period: new BigInt64Array(count),
    total: new BigInt64Array(count),
    stackList: new Uint32Array(count),
    identity: new Uint32Array(count),
    group: new Uint32Array(count),
  };
}

test('series are selected by labels and type; a missing label is empty', () => {
  const select = (selector: string, profileTypeId?: string) =>
    selectSeries(
      compileSelection({ tenants: ['t'], fromMs: 0, untilMs: 1, selectors: [selector], profileTypeId }),
      SERIES,
    );
  assert.deepEqual(select('{}'), [0, 1, 2]);
  assert.deepEqual(select('{region=""}'), [2]);
  assert.deepEqual(select('{region!="eu"}'), [1, 2]);
  assert.deepEqual(select('{region=~"eu|us"}', 'n:a:b::'), [0, 1]);
  assert.deepEqual(select('{}', 'n:a:c::'), []);
});

test('rows are those of a plain filter', () => {
  const time = fc.integer({ min: 0, max: 12 });
  const deletes: fc.Arbitrary<RowDelete[]> = fc.array(
    fc.record({
      tenant: fc.constant('t'),
      selector: fc.constantFrom('{}', '{region="eu"}', '{region!="eu"}'),
      fromMs: time,
      untilMs: time,
    }),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(2), time)), time, time, deletes, (unsorted, fromMs, untilMs, removed) => {
      const rows = unsorted.toSorted(([a, x], [b, y]) => a - b || x - y);
      const selection = compileSelection({
        tenants: ['t'],
        fromMs,
        untilMs,
        selectors: ['{region=~"eu|"}'],
        profileTypeId: undefined,
      });
      const selected = selectSeries(selection, SERIES);
      const runs = selectRows(selection, compileDeletes(removed), seriesOf(rows), selected, columnsOf(rows));
      const found = runs.flatMap((run) => Array.from({ length: run.until - run.from }, (_, i) => run.from + i));
      const isDeleted = (series: number, timeMs: number) =>
        removed.some(
          (one) =>
            timeMs >= one.fromMs &&
            timeMs < one.untilMs &&
            (one.selector === '{}' || (one.selector === '{region="eu"}') === (series === 0)),
        );
      const wanted = [...rows.keys()].filter((row) => {
        const [series, timeMs] = rows[row];
        return series !== 1 && timeMs >= fromMs && timeMs < untilMs && !isDeleted(series, timeMs);
      });
      assert.deepEqual(found, wanted);
    }),
  );
});

test('deletes that overlap cut a series into one run more each at most', () => {
  const rows = Array.from({ length: 1_000 }, (_, i) => [0, i] as const);
  const selection = compileSelection({
    tenants: ['t'],
    fromMs: 0,
    untilMs: 1_000,
    selectors: [],
    profileTypeId: undefined,
  });
  const cut = (removed: readonly Omit<RowDelete, 'tenant' | 'selector'>[]) => {
    const deletes = compileDeletes(removed.map((one) => ({ ...one, tenant: 't', selector: '{region="eu"}' })));
    return selectRows(selection, deletes, seriesOf(rows), [0], columnsOf(rows));
  };
  // Each lies within the one before it, or is the same: were runs cut one by one, there would be 2^200 of them.
  const nested = Array.from({ length: 200 }, (_, i) => ({ fromMs: 400 + (i >> 1), untilMs: 600 - (i >> 1) }));
  assert.deepEqual(cut(nested), [
    { series: 0, from: 0, until: 400 },
    { series: 0, from: 600, until: 1_000 },
  ]);
  const apart = Array.from({ length: 200 }, (_, i) => ({ fromMs: 5 * i, untilMs: 5 * i + 1 })).reverse();
  assert.equal(cut([...nested, ...apart]).length, 160);
});
