/**
 * Section of the stacktrace tree: nodes 1, 2, … depth first (node 0, the root, is not stored). By page column:
 *
 *     0 steps up, varint   the parent is the node before, or so many of its parents up
 *     1 location, varint   0: the first location no earlier node has (locations are numbered in this order); else location + 1
 *
 * Both count on across pages.
 */
import type { ByteWriter } from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';
import { checkRows, readUint32s } from './columns.ts';
import type { DatasetState } from './dataset-state.ts';
import type { Numbering } from './numbering.ts';
import { createPageDraft, endColumn, PAGE_ROWS, type Page, writePage } from './page.ts';
import type { TreeColumns } from './types.ts';

export function writeTree(out: ByteWriter, state: DatasetState, numbering: Numbering, level: number): void {
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
  const draft = createPageDraft();
  for (let from = 1; from < nodes.count; from += PAGE_ROWS) {
    const until = Math.min(from + PAGE_ROWS, nodes.count);
    draft.raw.varints(stepsUp, from, until);
    endColumn(draft);
    draft.raw.varints(location, from, until);
    endColumn(draft);
    writePage(out, draft, until - from, level);
  }
}

/** @param rows - nodes but the root */
export function readTree(pages: readonly Page[], rows: number, locationCount: number): TreeColumns {
  checkRows(pages, rows);
  const stepsUp = readUint32s(pages, 0, (reader, count) => reader.varints(count));
  const stored = readUint32s(pages, 1, (reader, count) => reader.varints(count, locationCount + 1));
  const parent = new Uint32Array(rows + 1);
  const location = new Uint32Array(rows + 1);
  let seen = 0;
  for (let node = 1; node <= rows; node++) {
    let above = node - 1;
    for (let steps = stepsUp[node - 1]; steps > 0; steps--) {
      if (above === 0) throw new FlamelakeError('data_loss', 'stacktrace tree is malformed', { node });
      above = parent[above];
    }
    parent[node] = above;
    const number = stored[node - 1];
    location[node] = number === 0 ? seen++ : number - 1;
  }
  if (seen > locationCount) throw new FlamelakeError('data_loss', 'stacktrace tree is malformed', { locations: seen });
  return { count: rows + 1, parent, location };
}
