/** Functions by what they cost. */
import { useMemo, useState } from 'react';
import type { FlameGraph } from '../flame/flame-graph.ts';
import { type FunctionRow, functionRows } from '../flame/functions.ts';
import { formatShare, formatValue } from '../model/units.ts';

export interface FunctionTableProps {
  readonly graph: FlameGraph;
  readonly unit: string;
  readonly search: string;
  readonly onPick: (name: string) => void;
}

type Column = 'name' | 'self' | 'total' | 'change';

const ROWS_MAX = 500;

export function FunctionTable({ graph, unit, search, onPick }: FunctionTableProps) {
  const [sorted, setSorted] = useState<Column>(graph.right === undefined ? 'self' : 'change');
  const whole = graph.total[0] ?? 0;
  const rightWhole = graph.right?.total[0] ?? 0;
  const rows = useMemo(() => functionRows(graph), [graph]);
  const change = (row: FunctionRow): number =>
    row.rightTotal / Math.max(1, rightWhole) - row.total / Math.max(1, whole);
  const orders: Readonly<Record<Column, (a: FunctionRow, b: FunctionRow) => number>> = {
    name: (a, b) => a.name.localeCompare(b.name),
    self: (a, b) => b.self + b.rightSelf - a.self - a.rightSelf,
    total: (a, b) => b.total + b.rightTotal - a.total - a.rightTotal,
    change: (a, b) => Math.abs(change(b)) - Math.abs(change(a)),
  };
  const wanted = search.toLowerCase();
  const shown = rows.filter(({ name }) => name.toLowerCase().includes(wanted)).sort(orders[sorted]);
  const head = (column: Column, words: string) => (
    <th aria-sort={sorted === column ? 'descending' : 'none'}>
      <button onClick={() => setSorted(column)}>{words}</button>
    </th>
  );
  const isDiff = graph.right !== undefined;
  return (
    <div className="table" tabIndex={0} role="region" aria-label="Functions">
      <table>
        <thead>
          <tr>
            {head('name', 'Function')}
            {isDiff && head('change', 'Change of share')}
            {head('self', isDiff ? 'Self before' : 'Self')}
            {isDiff && <th>Self after</th>}
            {head('total', isDiff ? 'Total before' : 'Total')}
            {isDiff && <th>Total after</th>}
          </tr>
        </thead>
        <tbody>
          {shown.slice(0, ROWS_MAX).map((row) => (
            <tr key={row.name}>
              <td>
                <button className="link" onClick={() => onPick(row.name)} title={row.name}>
                  <bdi>{row.name}</bdi>
                </button>
              </td>
              {isDiff && <td className={change(row) > 0 ? 'more' : 'less'}>{signed(change(row))}</td>}
              <td>{cell(row.self, whole, unit)}</td>
              {isDiff && <td>{cell(row.rightSelf, rightWhole, unit)}</td>}
              <td>{cell(row.total, whole, unit)}</td>
              {isDiff && <td>{cell(row.rightTotal, rightWhole, unit)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length > ROWS_MAX && <p className="quiet">{shown.length - ROWS_MAX} more; search to narrow them down.</p>}
    </div>
  );
}

function cell(value: number, whole: number, unit: string): string {
  return value === 0 ? '0' : `${formatValue(value, unit)} ${formatShare(value, whole)}`;
}

function signed(share: number): string {
  return `${share > 0 ? '+' : ''}${(share * 100).toFixed(2)} points`;
}
