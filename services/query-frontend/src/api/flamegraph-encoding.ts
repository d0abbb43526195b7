/**
 * querier.v1 FlameGraph and FlameGraphDiff, written from columns.
 *
 *     1 names, 2 levels (1 values, packed), 3 total, 4 max_self, 5 leftTicks, 6 rightTicks
 */
import { ByteWriter } from '@flamelake/formats';
import type { BodyForm } from '@flamelake/rpc';
import type { Flamegraph, FlamegraphDiff } from '../queries.ts';
import { JsonWriter } from './json-writer.ts';
import { createPacer } from './pacer.ts';
import { bytesField, int64Field, textField } from './protobuf-fields.ts';

const SLICE_VALUES = 65_536;

/** Encodes an answer that holds a graph as its field `flamegraph` (1), and nothing else. */
export function encodeFlamegraph(graph: Flamegraph | FlamegraphDiff, form: BodyForm): Promise<Uint8Array> {
  return form === 'proto' ? toProto(graph) : toJson(graph);
}

/** The int64 fields behind the levels. */
function totals(graph: Flamegraph | FlamegraphDiff): { field: number; name: string; value: bigint }[] {
  const single = [
    { field: 3, name: 'total', value: graph.total },
    { field: 4, name: 'maxSelf', value: graph.maxSelf },
  ];
  if (!('leftTicks' in graph)) return single;
  const sides = [
    { field: 5, name: 'leftTicks', value: graph.leftTicks },
    { field: 6, name: 'rightTicks', value: graph.rightTicks },
  ];
  return [...single, ...sides];
}

async function toProto(graph: Flamegraph | FlamegraphDiff): Promise<Uint8Array> {
  const message = new ByteWriter();
  const packed = new ByteWriter();
  const level = new ByteWriter();
  const pace = createPacer();
  for (const name of graph.names) textField(message, 1, name);
  for (const values of graph.levels) {
    packed.clear();
    level.clear();
    for (const slice of slices(values)) {
      packed.varints64(slice);
      await pace(message.length + packed.length);
    }
    if (packed.length > 0) bytesField(level, 1, packed.view());
    bytesField(message, 2, level.view());
  }
  for (const { field, value } of totals(graph)) int64Field(message, field, value);
  const answer = new ByteWriter(message.length + 16);
  bytesField(answer, 1, message.view());
  return answer.view();
}

async function toJson(graph: Flamegraph | FlamegraphDiff): Promise<Uint8Array> {
  const writer = new JsonWriter();
  const pace = createPacer();
  let separator = '';
  const member = (name: string) => {
    writer.raw(`${separator}"${name}":`);
    separator = ',';
  };
  writer.raw('{"flamegraph":{');
  if (graph.names.length > 0) {
    member('names');
    writer.raw(JSON.stringify(graph.names));
  }
  if (graph.levels.length > 0) {
    member('levels');
    let opening = '[{';
    for (const values of graph.levels) {
      writer.raw(opening);
      opening = ',{';
      let before = '"values":[';
      for (const slice of slices(values)) {
        writer.raw(before);
        before = ',';
        writer.int64s(slice);
        await pace(writer.length);
      }
      writer.raw(values.length > 0 ? ']}' : '}');
    }
    writer.raw(']');
  }
  for (const { name, value } of totals(graph)) {
    if (value === 0n) continue;
    member(name);
    writer.raw(`"${value}"`);
  }
  writer.raw('}}');
  return writer.view();
}

/** A level in parts that take about a millisecond each. */
function* slices(values: BigInt64Array): Generator<BigInt64Array> {
  for (let from = 0; from < values.length; from += SLICE_VALUES) yield values.subarray(from, from + SLICE_VALUES);
}
