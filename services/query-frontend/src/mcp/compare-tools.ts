/** Tools that compare: two windows or label sets, and points in time. */
import { type FunctionTable, functionTable } from '@flamelake/query';
import * as z from 'zod';
import type { SeriesWithExemplars } from '../queries.ts';
import { answerText, basisPoints, heaviest, inWords, percentOf, shortName } from './answer-text.ts';
import {
  defineTool,
  describeWindow,
  explainEmpty,
  isoTime,
  link,
  ORDER,
  PROFILE_TYPE,
  RANGE,
  rows,
  SELECTOR,
  type ToolContext,
  unitOf,
  WINDOW,
  windowQuery,
} from './tool.ts';

const SIDE = z.object({ selector: SELECTOR, ...RANGE });
const diffInput = z.object({
  profile_type: PROFILE_TYPE,
  before: SIDE.describe('what is compared with'),
  after: SIDE.describe('what is looked at'),
  order: ORDER,
  rows: rows(30),
});
export const diffFunctions = defineTool({
  name: 'diff_functions',
  title: 'Difference by function',
  description:
    'Functions whose share changed most between two time ranges, or two label sets (versions, regions, …). Shares are of the whole of each side, so sides may differ in length and load.',
  input: diffInput,
  async run({ profile_type, before, after, order, rows: rowsMax }, context) {
    const [left, right] = [before, after].map((side) => windowQuery({ profile_type, ...side }, context));
    if (left === undefined || right === undefined) return '';
    const [old, now] = [await tableOf(context, left), await tableOf(context, right)];
    for (const [side, query] of [
      [old, left],
      [now, right],
    ] as const) {
      if (side.whole === 0n) return `${describeWindow(query)}: ${await explainEmpty(context, query)}`;
    }
    const [was, is] = [valuesBy(old, order), valuesBy(now, order)];
    const all = [...new Set([...was.keys(), ...is.keys()])].map((name) => {
      const [from, to] = [was.get(name) ?? 0n, is.get(name) ?? 0n];
      const [shareBefore, shareAfter] = [basisPoints(from, old.whole), basisPoints(to, now.whole)];
      return { name, from, to, shareBefore, shareAfter, change: shareAfter - shareBefore };
    });
    const changed = heaviest(
      all.filter(({ from, to, change }) => change !== 0n || (from === 0n) !== (to === 0n)),
      ({ change }) => (change < 0n ? -change : change),
    );
    const unit = unitOf(left);
    return answerText({
      head: [
        `before: ${describeWindow(left)}, whole ${old.whole} ${unit}${inWords(old.whole, unit)}`,
        `after: ${describeWindow(right)}, whole ${now.whole} ${unit}${inWords(now.whole, unit)}`,
        `change in points\tshare before\tshare after\t${order} before\t${order} after\tfunction`,
      ],
      rows: changed
        .slice(0, rowsMax)
        .map(({ name, from, to, shareBefore, shareAfter, change }) =>
          [
            `${change > 0n ? '+' : ''}${percentOf(change)}`,
            percentOf(shareBefore),
            percentOf(shareAfter),
            from,
            to,
            shortName(name),
          ].join('\t'),
        ),
      rowCount: changed.length,
      what: 'changed functions',
      foot: [
        link(context, '/comparison', left, {
          rightSelector: right.labelSelector,
          rightFrom: String(right.startMs),
          rightUntil: String(right.endMs),
        }),
      ],
    });
  },
});

async function tableOf({ queries, call }: ToolContext, query: Parameters<typeof queries.functions>[1]) {
  return functionTable(await queries.functions(call, query));
}

function valuesBy(table: FunctionTable, order: 'self' | 'total'): ReadonlyMap<string, bigint> {
  const values = new Map<string, bigint>();
  for (let i = 0; i < table.count; i++) if (table[order][i] > 0n) values.set(table.name(i), table[order][i]);
  return values;
}

const POINTS = 60;
const STEPS_SECONDS = [15, 30, 60, 120, 300, 600, 1_800, 3_600, 21_600, 86_400];

const seriesInput = z.object({
  ...WINDOW,
  group_by: z.array(z.string()).max(5).default([]).describe('labels that split the series'),
  step_seconds: z.number().min(0).default(0).describe('width of a point; about 60 points if 0'),
  rows: z.int().min(1).max(50).default(10).describe('most series, the heaviest first'),
});
export const timeSeries = defineTool({
  name: 'time_series',
  title: 'Over time',
  description:
    'A profile type over time: exact sums by step, split by labels if wanted. Steps without a sample have no point.',
  input: seriesInput,
  async run({ group_by: groupBy, step_seconds, rows: limit, ...window }, context) {
    const query = windowQuery(window, context);
    const wanted = (query.endMs - query.startMs) / 1_000 / POINTS;
    const stepSeconds = step_seconds > 0 ? step_seconds : (STEPS_SECONDS.find((one) => one >= wanted) ?? wanted);
    const all = await context.queries.selectSeries(context.call, {
      ...query,
      groupBy,
      stepSeconds,
      aggregation: 'sum',
      limit: 0,
      hasExemplars: false,
    });
    if (all.length === 0) return explainEmpty(context, query);
    return answerText({
      head: [
        describeWindow(query),
        `${unitOf(query)} by ${stepSeconds} s; each time is the end of its step`,
        'series (total): time value, …',
      ],
      rows: all.slice(0, limit).map(seriesLine),
      rowCount: all.length,
      what: 'series',
      foot: [
        link(context, groupBy.length === 0 ? '/explore' : '/labels', query, { groupBy: groupBy[0] ?? 'service_name' }),
      ],
    });
  },
});

/** Points in one line, within what a series may take of the answer. */
function seriesLine({ labels, timestampsMs, values }: SeriesWithExemplars): string {
  const name = labels.map(({ name: key, value }) => `${key}=${JSON.stringify(shortName(value))}`).join(',');
  let total = 0;
  const points: string[] = [];
  for (const [i, timeMs] of timestampsMs.entries()) {
    total += values[i] ?? 0;
    points.push(`${isoTime(timeMs).replace('.000Z', 'Z')} ${values[i]}`);
  }
  const shown = points.slice(0, POINTS_SHOWN_MAX);
  const rest = points.length > shown.length ? `, … ${points.length - shown.length} more points; take a wider step` : '';
  return `{${name}} (${total}): ${shown.join(', ')}${rest}`;
}
const POINTS_SHOWN_MAX = 2 * POINTS;
