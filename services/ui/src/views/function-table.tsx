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
  const head = (column: Column, words: string, isExtra = false) => (
    <th
      aria-sort={sorted !== column ? 'none' : column === 'name' ? 'ascending' : 'descending'}
      className={isExtra ? 'extra' : ''}
    >
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
            {isDiff && head('change', 'Change')}
            {head('self', isDiff ? 'Self before' : 'Self', isDiff)}
            {isDiff && <th className="extra">Self after</th>}
            {head('total', isDiff ? 'Before' : 'Total')}
            {isDiff && <th>After</th>}
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
              {isDiff && (
                <td className={change(row) > 0 ? 'more' : change(row) < 0 ? 'less' : 'quiet'}>{signed(change(row))}</td>
              )}
              <Figure value={row.self} whole={whole} unit={unit} isExtra={isDiff} />
              {isDiff && <Figure value={row.rightSelf} whole={rightWhole} unit={unit} isExtra={true} />}
              <Figure value={row.total} whole={whole} unit={unit} isExtraValue={isDiff} />
              {isDiff && <Figure value={row.rightTotal} whole={rightWhole} unit={unit} isExtraValue={true} />}
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length > ROWS_MAX && <p className="quiet">{shown.length - ROWS_MAX} more; search to narrow them down.</p>}
    </div>
  );
}

interface FigureProps {
  readonly value: number;
  readonly whole: number;
  readonly unit: string;
  /** Whether a narrow table does without it. */
  readonly isExtra?: boolean;
  /** Whether there its share alone is told. */
  readonly isExtraValue?: boolean;
}

/** A value and its share, each in a column of its own. */
function Figure({ value, whole, unit, isExtra = false, isExtraValue = false }: FigureProps) {
  return (
    <td className={isExtra ? 'extra' : ''}>
      <span className={isExtraValue ? 'extra' : ''}>{formatValue(value, unit)}</span>{' '}
      <span className="share">{value > 0 ? formatShare(value, whole) : isExtraValue && '0%'}</span>
    </td>
  );
}

function signed(share: number): string {
  if (share === 0) return '0';
  return `${share > 0 ? '+' : '−'}${Math.abs(share * 100).toFixed(2)} points`;
}
