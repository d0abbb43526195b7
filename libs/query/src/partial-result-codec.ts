/**
 * A partial result as bytes, version 1. Numbers are varints unless said otherwise.
 *
 *     kind      u8: 0 functions · 1 locations · 2 time series · 3 label sets · 4 extent · 5 cells · 6 timed totals · 7 label times ·
 *               8 timed stacks; from 6 on they are kept and not sent
 *     body      0, 1: tree-codec.ts
 *               2: texts · count of groups · each: labels · count of points · each: step, zigzag 64 sum, count of profiles
 *               3: texts · count of sets · each: labels
 *               4, 5: cells-codec.ts
 *               6: texts · count of groups · each: labels · count of rows · differences of times, then totals: zigzag 64 each
 *               7: texts · count of sets · each: labels, f64 first and last time
 *               8: timed-stacks-codec.ts
 *     labels    count · each: name and value by number in the texts
 */
import { type ByteReader, ByteWriter } from '@flamelake/formats';
import { FlamelakeError, type Labels, labelsKey, type Memory, UNBOUNDED_MEMORY } from '@flamelake/model';
import { readCells, readExtent, writeCells, writeExtent } from './cells-codec.ts';
import { isPartialResult, type KeptResult } from './kept-result.ts';
import { addLabelSet, type LabelSets } from './label-sets.ts';
import type { LabelTimes } from './label-times.ts';
import { readLabels, writeLabels } from './labels-codec.ts';
import type { PartialResult } from './partial-result.ts';
import { resultEntryBytes } from './task-result.ts';
import { createTextTable, readTexts, type TextTable, writeTexts } from './text-table.ts';
import type { SeriesGroup, SeriesGroups } from './time-series.ts';
import { readTimedStacks, writeTimedStacks } from './timed-stacks-codec.ts';
import { readTimedTotals, writeTimedTotals } from './timed-totals-codec.ts';
import { readFunctionTree, readLocationTree, writeFunctionTree, writeLocationTree } from './tree-codec.ts';
import { frameMessage, malformed, readDouble, unframeMessage, writeDoubles } from './wire-message.ts';

const VERSION = 1;
const KINDS = [
  'functions',
  'locations',
  'timeSeries',
  'labelSets',
  'extent',
  'cells',
  'timedTotals',
  'labelTimes',
  'timedStacks',
] as const;
/** Largest partial result, 128 MiB. */
export const RESULT_MESSAGE_BYTES_MAX = 134_217_728;

/** Columns of a message before they are a tree: 16 bytes of a node that is three in the message at least. */
const COLUMNS_FACTOR = 6;

/** @throws {FlamelakeError} `resource_exhausted` over RESULT_MESSAGE_BYTES_MAX */
export function encodePartialResult(result: KeptResult): Uint8Array {
  const bytes = frameMessage(VERSION, (writer) => {
    writer.uint8(KINDS.indexOf(result.kind));
    switch (result.kind) {
      case 'functions':
        writeFunctionTree(writer, result.tree);
        break;
      case 'locations':
        writeLocationTree(writer, result.tree);
        break;
      case 'timeSeries':
        writeWithTexts(writer, (body, table) => writeGroups(body, table, result.groups));
        break;
      case 'labelSets':
        writeWithTexts(writer, (body, table) => writeSets(body, table, result.sets));
        break;
      case 'extent':
        writeExtent(writer, result.extent);
        break;
      case 'cells':
        writeWithTexts(writer, (body, table) => writeCells(body, table, result.cells));
        break;
      case 'timedTotals':
        writeWithTexts(writer, (body, table) => writeTimedTotals(body, table, result.groups));
        break;
      case 'labelTimes':
        writeWithTexts(writer, (body, table) => writeLabelTimes(body, table, result.sets));
        break;
      case 'timedStacks':
        writeTimedStacks(writer, result.stacks);
    }
  });
  if (bytes.length > RESULT_MESSAGE_BYTES_MAX) {
    throw new FlamelakeError('resource_exhausted', 'query result is too large; narrow the query', {
      bytes: bytes.length,
      limitBytes: RESULT_MESSAGE_BYTES_MAX,
    });
  }
  return bytes;
}

/**
 * Reads a partial result; shares no memory with `bytes`.
 * @param memory - the result is taken from it, and what reading it needs beside while that is there, the message itself included
 * @throws {FlamelakeError} `data_loss` when the bytes are none, `unimplemented` when another release wrote them, `resource_exhausted`
 * when there is no room for it
 */
export function decodePartialResult(bytes: Uint8Array, memory: Memory = UNBOUNDED_MEMORY): PartialResult {
  memory.take(bytes.length);
  const result = decodeKeptResult(bytes, memory);
  memory.give(bytes.length);
  if (isPartialResult(result)) return result;
  throw malformed('kind');
}

/** Reads what is kept of a dataset, as `decodePartialResult` does; the bytes are their holder's to count. */
export function decodeKeptResult(bytes: Uint8Array, memory: Memory = UNBOUNDED_MEMORY): KeptResult {
  const columnBytes = bytes.length * COLUMNS_FACTOR;
  memory.take(columnBytes);
  const result = unframeMessage(bytes, VERSION, (reader) => readResult(reader, memory));
  memory.take(resultEntryBytes(result));
  memory.give(columnBytes);
  return result;
}

function readResult(reader: ByteReader, memory: Memory): KeptResult {
  const kind = KINDS[reader.uint8()];
  switch (kind) {
    case 'functions':
      return { kind, tree: readFunctionTree(reader, memory) };
    case 'locations':
      return { kind, tree: readLocationTree(reader, memory) };
    case 'timeSeries':
      return { kind, groups: readGroups(reader) };
    case 'labelSets':
      return { kind, sets: readSets(reader) };
    case 'extent':
      return { kind, extent: readExtent(reader) };
    case 'cells':
      return { kind, cells: readCells(reader) };
    case 'timedTotals':
      return { kind, groups: readTimedTotals(reader) };
    case 'labelTimes':
      return { kind, sets: readLabelTimes(reader) };
    case 'timedStacks':
      return { kind, stacks: readTimedStacks(reader, memory) };
    case undefined:
      throw malformed('kind');
  }
}

/** The texts come first, but are known last. */
function writeWithTexts(writer: ByteWriter, writeBody: (body: ByteWriter, table: TextTable) => void): void {
  const table = createTextTable();
  const body = new ByteWriter();
  writeBody(body, table);
  writeTexts(writer, table);
  writer.bytes(body.view());
}

function writeSets(writer: ByteWriter, table: TextTable, sets: LabelSets): void {
  writer.varint(sets.size);
  for (const labels of sets.values()) writeLabels(writer, table, labels);
}

function writeLabelTimes(writer: ByteWriter, table: TextTable, sets: LabelTimes): void {
  writer.varint(sets.size);
  for (const { labels, firstMs, lastMs } of sets.values()) {
    writeLabels(writer, table, labels);
    writeDoubles(writer, firstMs, lastMs);
  }
}

function writeGroups(writer: ByteWriter, table: TextTable, groups: SeriesGroups): void {
  writer.varint(groups.size);
  for (const { labels, indexOf, sums, profileCounts } of groups.values()) {
    writeLabels(writer, table, labels);
    writer.varint(indexOf.size);
    for (const [step, i] of indexOf) {
      writer.varint(step);
      writer.signedVarint64(sums[i]);
      writer.varint(profileCounts[i]);
    }
  }
}

function readSets(reader: ByteReader): LabelSets {
  const texts = readTexts(reader);
  const sets: LabelSets = new Map();
  const count = reader.count();
  for (let i = 0; i < count; i++) addLabelSet(sets, readLabels(reader, texts));
  if (sets.size !== count) throw malformed('label sets');
  return sets;
}

function readLabelTimes(reader: ByteReader): LabelTimes {
  const texts = readTexts(reader);
  const sets: LabelTimes = new Map();
  const count = reader.count();
  for (let i = 0; i < count; i++) {
    const labels = readLabels(reader, texts);
    sets.set(labelsKey(labels), { labels, firstMs: readDouble(reader), lastMs: readDouble(reader) });
  }
  if (sets.size !== count) throw malformed('label sets');
  return sets;
}

function readGroups(reader: ByteReader): SeriesGroups {
  const texts = readTexts(reader);
  const groups: SeriesGroups = new Map();
  const count = reader.count();
  for (let i = 0; i < count; i++) {
    const labels = readLabels(reader, texts);
    groups.set(labelsKey(labels), readPoints(reader, labels));
  }
  if (groups.size !== count) throw malformed('groups');
  return groups;
}

function readPoints(reader: ByteReader, labels: Labels): SeriesGroup {
  const group: SeriesGroup = { labels, indexOf: new Map(), sums: [], profileCounts: [] };
  const count = reader.count(3);
  for (let i = 0; i < count; i++) {
    group.indexOf.set(reader.varint(), i);
    group.sums.push(reader.signedVarint64());
    group.profileCounts.push(reader.varint());
  }
  if (group.indexOf.size !== count) throw malformed('points');
  return group;
}
