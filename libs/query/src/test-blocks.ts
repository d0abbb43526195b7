/** Blocks of given profiles, and the plain model of what queries on them must answer, for tests. */
import { type BlockReader, createBlockBuilder, parseBlock } from '@flamelake/block';
import type { ProfileRecord } from '@flamelake/formats';
import { FlamelakeError, type Labels, profileTypeId, withProducedLabels } from '@flamelake/model';
import type { ExecuteOptions, OpenBlock } from './execute-task.ts';
import { NO_STACK_NAME } from './fold-function-tree.ts';

/** One row of the model: a label set of a profile, in one of its types. */
export interface ModelRow {
  readonly tenant: string;
  readonly labels: Labels;
  readonly typeId: string;
  readonly timeMs: number;
  /** Values by stack, root first, joined by `;`. */
  readonly stacks: ReadonlyMap<string, bigint>;
  readonly total: bigint;
}

/** The block of profiles; `number` makes its id. */
export function blockOf(records: readonly ProfileRecord[], number: number, level = 0): BlockReader {
  const builder = createBlockBuilder();
  for (const [offset, record] of records.entries()) builder.addProfile(record, offset);
  return parseBlock(builder.build({ id: idOf(number), level, log: logOf(records.length) }).bytes);
}

/** One block made of several, as folding makes it. */
export async function foldBlocks(blocks: readonly BlockReader[], number: number): Promise<BlockReader> {
  const builder = createBlockBuilder();
  for (const block of blocks) await builder.addBlock(block);
  return parseBlock(builder.build({ id: idOf(number), level: 1, log: logOf(1) }).bytes);
}

/** Opens blocks of a list by id, as a querier opens them from a store. */
export function openFrom(blocks: readonly BlockReader[]): OpenBlock {
  return (object) => {
    const found = blocks.find((block) => block.info.id === object.id);
    if (found === undefined)
      return Promise.reject(new FlamelakeError('not_found', 'object is gone', { id: object.id }));
    return Promise.resolve(found);
  };
}

/** Options of a task that nobody waits for. */
export function optionsFor(open: OpenBlock, pieceBytes?: number): ExecuteOptions {
  return { open, pieceBytes, signal: new AbortController().signal, pause: () => Promise.resolve() };
}

export function modelRows(records: readonly ProfileRecord[]): readonly ModelRow[] {
  return records.flatMap((record) =>
    record.groups.flatMap((group) =>
      record.types.flatMap((type, column) => {
        const stacks = new Map<string, bigint>();
        let total = 0n;
        for (let sample = 0; sample < group.sampleCount; sample++) {
          const value = group.values[column * group.sampleCount + sample];
          const text = stackText(record, group.stack[sample]);
          if (value !== 0n) stacks.set(text, (stacks.get(text) ?? 0n) + value);
          total += value;
        }
        const row = {
          tenant: record.tenant,
          labels: withProducedLabels(group.labels, type, record.service),
          typeId: profileTypeId(type),
          timeMs: Number(record.timeNanos / 1_000_000n),
          stacks,
          total,
        };
        return total === 0n ? [] : [row];
      }),
    ),
  );
}

/** Values by stack of several rows. */
export function mergeModel(rows: readonly ModelRow[]): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const { stacks } of rows) {
    for (const [stack, value] of stacks) sums.set(stack, (sums.get(stack) ?? 0n) + value);
  }
  return sums;
}

function stackText({ symbols, stacks }: ProfileRecord, stack: number): string {
  const { locations, functions, mappings } = symbols;
  const names: string[] = [];
  for (let node = stack; node !== 0; node = stacks.parent[node]) {
    const location = stacks.location[node];
    const from = locations.lineStart[location];
    const until = locations.lineStart[location + 1];
    for (let line = from; line < until; line++) names.push(text(functions.name[locations.lineFunction[line]]));
    if (from === until) {
      const mapping = locations.mapping[location];
      const path = mapping === 0 ? '' : text(mappings.filename[mapping - 1]);
      names.push(`${path.split('/').at(-1) || 'unknown'}!0x${locations.address[location].toString(16)}`);
    }
  }
  return names.length === 0 ? NO_STACK_NAME : names.reverse().join(';');

  function text(string: number): string {
    const { bytes, offsets } = symbols.strings;
    return Buffer.from(bytes.subarray(offsets[string], offsets[string + 1])).toString('utf8');
  }
}

function idOf(number: number): string {
  return number.toString(16).padStart(32, '0');
}

function logOf(count: number) {
  return { logId: 'log', partition: 0, position: 0, next: count, lastAppendMs: 0, gaps: [] };
}
