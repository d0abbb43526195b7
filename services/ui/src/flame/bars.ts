/** What is said of a bar, and where keys lead from it. */
import { formatShare, formatValue } from '../model/units.ts';
import type { FlameGraph } from './flame-graph.ts';

export function describeBar(graph: FlameGraph, bar: number, unit: string): string {
  const whole = graph.total[0] ?? 0;
  const [total, self] = [graph.total[bar] ?? 0, graph.self[bar] ?? 0];
  const left = `${formatValue(total, unit)} (${formatShare(total, whole)}), self ${formatValue(self, unit)}${self > 0 ? ` (${formatShare(self, whole)})` : ''}`;
  if (graph.right === undefined) return left;
  const right = graph.right.total[bar] ?? 0;
  return `before ${left}; after ${formatValue(right, unit)} (${formatShare(right, graph.right.total[0] ?? 0)})`;
}

/** Where a key leads from a bar; undefined where it leads nowhere. */
export function neighbour(graph: FlameGraph, bar: number, key: string): number | undefined {
  const isSibling = (one: number): boolean => one > 0 && graph.parent[one] === graph.parent[bar];
  if (key === 'Enter') return bar;
  if (key === 'Escape' || key === 'Home') return 0;
  if (key === 'ArrowUp') return bar > 0 ? graph.parent[bar] : undefined;
  if (key === 'ArrowLeft') return isSibling(bar - 1) ? bar - 1 : undefined;
  if (key === 'ArrowRight') return isSibling(bar + 1) ? bar + 1 : undefined;
  if (key !== 'ArrowDown') return undefined;
  const below = (graph.depth[bar] ?? 0) + 1;
  const end = graph.levelStart[below + 1] ?? 0;
  for (let one = graph.levelStart[below] ?? end; one < end; one++) if (graph.parent[one] === bar) return one;
  return undefined;
}
