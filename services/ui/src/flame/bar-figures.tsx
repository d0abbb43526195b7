/** Total and self of a bar, with their shares; of a diff both sides and what changed. */
import { formatShare, formatValue } from '../model/units.ts';
import type { FlameGraph } from './flame-graph.ts';

export interface BarFiguresProps {
  readonly graph: FlameGraph;
  readonly bar: number;
  readonly unit: string;
}

export function BarFigures({ graph: { total, self, right }, bar, unit }: BarFiguresProps) {
  const sides = right === undefined ? [{ total, self }] : [{ total, self }, right];
  return (
    <table className="figures">
      {right !== undefined && (
        <thead>
          <tr>
            <td />
            <th colSpan={2}>before</th>
            <th colSpan={2}>after</th>
          </tr>
        </thead>
      )}
      <tbody>
        {(['total', 'self'] as const).map((name) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            {sides.map((side, i) => {
              const value = side[name][bar] ?? 0;
              return [
                <td key={`${i} value`}>{formatValue(value, unit)}</td>,
                <td key={`${i} share`}>{formatShare(value, side.total[0] ?? 0)}</td>,
              ];
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
