/**
 * Section of the stacktrace tree: nodes 1, 2, … depth first (node 0, the root, is not stored). By column:
 *
 *     0 steps up, varint   the parent is the node before, or so many of its parents up
 *     1 location, varint   0: the first location no earlier node has (locations are numbered in this order); else location + 1
 *
 * Both count on across parts.
 */
import { FlamelakeError } from '@flamelake/model';
import { readBelowRoot, totalRows } from './columns.ts';
import type { DatasetState } from './dataset-state.ts';
import type { Numbering } from './numbering.ts';
import type { Part } from './page.ts';
import { endColumn, endPart, PART_ROWS, type PageWriter } from './page-writer.ts';
import type { TreeColumns } from './types.ts';

export function writeTree(writer: PageWriter, state: DatasetState, numbering: Numbering): void {
  const { nodes, locations } = numbering;
  const parents = state.tree.parent.items;
  const stepsUp = new Uint32Array(nodes.count);
  const location = new Uint32Array(nodes.count);
  let seen = 0;
  for (let node = 1; node < nodes.count; node++) {
    const old = nodes.old[node];
    let steps = 0;
    for (let at = nodes.old[node - 1]; at !== parents[old]; at = parents[at]) steps++;
    stepsUp[node] = steps;
    const number = locations.next[state.tree.location.items[old]];
    location[node] = number > seen ? 0 : number;
    if (number > seen) seen = number;
  }
  for (let from = 1; from < nodes.count; from += PART_ROWS) {
    const until = Math.min(from + PART_ROWS, nodes.count);
    writer.raw.varints(stepsUp, from, until);
    endColumn(writer);
    writer.raw.varints(location, from, until);
    endColumn(writer);
    endPart(writer, 'tree', until - from);
  }
}

export function readTree(parts: readonly Part[], locationCount: number): TreeColumns {
  const rows = totalRows(parts);
  // Both are turned into what they mean where they lie.
  const parent = readBelowRoot(parts, 0);
  const location = readBelowRoot(parts, 1, locationCount + 1);
  /** The node before and its parents, by depth. */
  const path = new Uint32Array(rows + 1);
  let depth = 0;
  let seen = 0;
  for (let node = 1; node <= rows; node++) {
    depth -= parent[node];
    if (depth < 0) throw new FlamelakeError('data_loss', 'stacktrace tree is malformed', { node });
    parent[node] = path[depth];
    path[++depth] = node;
    const number = location[node];
    location[node] = number === 0 ? seen++ : number - 1;
  }
  if (seen > locationCount) throw new FlamelakeError('data_loss', 'stacktrace tree is malformed', { locations: seen });
  return { count: rows + 1, parent, location };
}
