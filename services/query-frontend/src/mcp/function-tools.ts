/** Tools about functions: the heaviest, what calls one and what it calls, and its lines. */
import { functionTable, lineTable, neighboursOf } from '@flamelake/query';
import * as z from 'zod';
import type { StacktraceQuery } from '../queries.ts';
import { answerText, heaviest, inWords, percent, shortName } from './answer-text.ts';
import { defineTool, describeWindow, explainEmpty, link, ORDER, rows, unitOf, WINDOW, windowQuery } from './tool.ts';

const topInput = z.object({
  ...WINDOW,
  order: ORDER,
  contains: z.string().default('').describe('only functions with this in their name'),
  rows: rows(30),
});
export const topFunctions = defineTool({
  name: 'top_functions',
  title: 'Heaviest functions',
  description:
    'Functions that take most of a profile type (CPU time, bytes, …): exact values and shares of the whole, of the function itself (self) and with all that it calls (total).',
  input: topInput,
  async run({ order, contains, rows: rowsMax, ...window }, context) {
    const query = windowQuery(window, context);
    const table = functionTable(await context.queries.functions(context.call, query));
    if (table.whole === 0n) return explainEmpty(context, query);
    const { self, total, whole } = table;
    const all = Array.from({ length: table.count }, (_, i) => ({
      name: table.name(i),
      self: self[i],
      total: total[i],
    }));
    const found = heaviest(
      all.filter((row) => row.total > 0n && row.name.includes(contains)),
      (row) => row[order],
    );
    const shown = found.slice(0, rowsMax).map((row) => ({ ...row, name: shortName(row.name) }));
    return answerText({
      ...costTable(query, whole, 'function', shown),
      rowCount: found.length,
      what: 'functions',
      foot: [link(context, '/explore', query, { pane: 'table' })],
    });
  },
});

const neighboursInput = z.object({
  ...WINDOW,
  function: z.string().min(1).describe('exact name of the function, as top_functions gives it'),
  rows: rows(20),
});
export const callersAndCallees = defineTool({
  name: 'callers_and_callees',
  title: 'Callers and callees',
  description:
    'Who calls a function and what it calls: callers add up to the total of the function, callees and its own value too. Shares are of that total.',
  input: neighboursInput,
  async run({ function: name, rows: rowsMax, ...window }, context) {
    const query = windowQuery(window, context);
    const tree = await context.queries.functions(context.call, query);
    const whole = tree.stacks.total;
    if (whole === 0n) return explainEmpty(context, query);
    const { total, self, callers, callees } = neighboursOf(tree, name);
    if (total === 0n) return `No stack holds the function ${shortName(name)}; top_functions with contains finds names.`;
    const ordered = (sums: ReadonlyMap<string, bigint>) =>
      heaviest(
        [...sums].map(([named, value]) => ({ name: named, value })),
        ({ value }) => value,
      );
    const line = (kind: string, named: string, value: bigint) =>
      `${kind}\t${value}\t${percent(value, total)}\t${shortName(named)}`;
    // Both lists are cut by turns, so that neither pushes the other out.
    const [above, below] = [ordered(callers), ordered(callees)];
    const lines = [line('self', name, self)];
    for (let i = 0; i < rowsMax; i++) {
      const [up, down] = [above[i], below[i]];
      if (up !== undefined) lines.push(line('caller', up.name || '(root)', up.value));
      if (down !== undefined) lines.push(line('callee', down.name, down.value));
    }
    return answerText({
      head: [
        describeWindow(query),
        `${shortName(name)}: total ${total} ${unitOf(query)}${inWords(total, unitOf(query))}, ${percent(total, whole)} of the whole ${whole}`,
        'kind\tvalue\tshare\tfunction',
      ],
      rows: lines,
      rowCount: 1 + above.length + below.length,
      what: 'rows',
      foot: [link(context, '/explore', query, { pane: 'sandwich', about: name })],
    });
  },
});

const linesInput = z.object({
  ...WINDOW,
  function: z.string().default('').describe('only lines of this function, by its exact name; of all if empty'),
  order: ORDER,
  rows: rows(30),
});
export const hotLines = defineTool({
  name: 'hot_lines',
  title: 'Hot lines',
  description:
    'Lines of source code that take most, of all functions or of one: exact values and shares of the whole, of the line itself and with what it calls. Line 0 means the profiler sent no line.',
  input: linesInput,
  async run({ function: name, order, rows: rowsMax, ...window }, context) {
    const query = windowQuery(window, context);
    const table = lineTable(await context.queries.locations(context.call, query));
    if (table.whole === 0n) return explainEmpty(context, query);
    const { self, total, whole } = table;
    const all = Array.from({ length: table.count }, (_, i) => {
      const { functionName, filename, line } = table.line(i);
      const place = `${shortName(filename) || '?'}:${line}`;
      return { functionName, name: `${place}\t${shortName(functionName)}`, self: self[i], total: total[i] };
    });
    const found = heaviest(
      all.filter((row) => row.total > 0n && (name === '' || row.functionName === name)),
      (row) => row[order],
    );
    if (found.length === 0)
      return `No stack holds a line of ${shortName(name)}; top_functions with contains finds names.`;
    return answerText({
      ...costTable(query, whole, 'line\tfunction', found.slice(0, rowsMax)),
      rowCount: found.length,
      what: 'lines',
      foot: [link(context, '/explore', query, name === '' ? {} : { pane: 'sandwich', about: name })],
    });
  },
});

interface Cost {
  /** As shown, in as many columns as its title has. */
  readonly name: string;
  readonly self: bigint;
  readonly total: bigint;
}

/** What things cost by themselves and with what they call, and what share of the whole that is. */
function costTable(query: StacktraceQuery, whole: bigint, title: string, costs: readonly Cost[]) {
  return {
    head: [
      describeWindow(query),
      `whole: ${whole} ${unitOf(query)}${inWords(whole, unitOf(query))}`,
      `self\tself %\ttotal\ttotal %\t${title}`,
    ],
    rows: costs.map(({ name, self, total }) =>
      [self, percent(self, whole), total, percent(total, whole), name].join('\t'),
    ),
  };
}
