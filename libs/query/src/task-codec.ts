/**
 * A task as bytes, version 1. Numbers are varints unless said otherwise; `text` is a number in the table of texts, `f64` a double,
 * little-endian; `text?` is 0 for none, else the number + 1; `list of` begins with its count.
 *
 *     texts          list of (length, UTF-8). A last one that nothing says is the tails of the parts' objects: numbers between
 *                    commas, 0 for none. Queriers of earlier releases step over it.
 *     question       kind u8: 0 functions · 1 locations · 2 time series: f64 start, end, step; list of text (group by) ·
 *                    3 label sets: 0, or 1 and list of text (names) · 4 label names · 5 extent: points u8 ·
 *                    6 cells: points u8; f64 start, end, step, min, max; buckets; list of text (group by); exemplars u8
 *                    points: 0 profiles · 1 spans
 *     selection      list of text (tenants); f64 from, until; list of text (selectors); text? (profile type id)
 *     parts          list of: text key, text id, text? etag, size; list of datasets: text tenant, text service, f64 min, max;
 *                    list of deletes: text tenant, text selector, f64 from, until
 *     estimate       bytes
 *     rest           absent, or three lists of text: chosen profile, span and trace ids; u8: 1 to name tenants
 */
import { type ByteReader, ByteWriter } from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';
import type { PointKind, Question, RowDelete, Selection, Task, TaskDataset, TaskPart, TimeGrid } from './task.ts';
import { createTextTable, readTexts, type TextTable, textNumber, writeTexts } from './text-table.ts';
import { frameMessage, malformed, readDouble, unframeMessage, writeDoubles } from './wire-message.ts';

const VERSION = 1;
const KINDS = ['functions', 'locations', 'timeSeries', 'labelSets', 'labelNames', 'extent', 'cells'] as const;
const POINTS = ['profiles', 'spans'] as const;
/** Largest task, 16 MiB: some hundred thousand datasets. */
export const TASK_MESSAGE_BYTES_MAX = 16_777_216;

/** @throws {FlamelakeError} `resource_exhausted` over TASK_MESSAGE_BYTES_MAX */
export function encodeTask(task: Task): Uint8Array {
  const table = createTextTable();
  const body = new ByteWriter();
  writeTask({ body, table }, task);
  const tails = task.parts.map(({ object }) => object.tailBytes ?? 0);
  if (tails.some((bytes) => bytes > 0)) table.texts.push(tails.join());
  const bytes = frameMessage(VERSION, (writer) => {
    writeTexts(writer, table);
    writer.bytes(body.view());
  });
  if (bytes.length > TASK_MESSAGE_BYTES_MAX) {
    throw new FlamelakeError('resource_exhausted', 'query task names too many datasets; narrow the query', {
      bytes: bytes.length,
      limitBytes: TASK_MESSAGE_BYTES_MAX,
    });
  }
  return bytes;
}

/** @throws {FlamelakeError} `data_loss` when the bytes are no task, `unimplemented` when another release wrote them */
export function decodeTask(bytes: Uint8Array): Task {
  return unframeMessage(bytes, VERSION, (reader) => {
    const texts = readTexts(reader);
    const from: Source = { reader, texts, saidTexts: 0 };
    const task = readTask(from);
    return texts.length > from.saidTexts ? withTails(task, texts[from.saidTexts]) : task;
  });
}

function withTails(task: Task, text: string): Task {
  const tails = text.split(',').map(Number);
  const isSound =
    tails.length === task.parts.length && tails.every((bytes) => Number.isSafeInteger(bytes) && bytes >= 0);
  if (!isSound) throw malformed('tails');
  const parts = task.parts.map((part, i) => {
    const tailBytes = tails[i];
    return tailBytes === 0 ? part : { ...part, object: { ...part.object, tailBytes } };
  });
  return { ...task, parts };
}

interface Target {
  readonly body: ByteWriter;
  readonly table: TextTable;
}

function writeTask(to: Target, { question, selection, parts, estimatedBytes }: Task): void {
  writeQuestion(to, question);
  writeTextList(to, selection.tenants);
  writeDoubles(to.body, selection.fromMs, selection.untilMs);
  writeTextList(to, selection.selectors);
  writeOptionalText(to, selection.profileTypeId);
  to.body.varint(parts.length);
  for (const { object, datasets, deletes } of parts) {
    writeText(to, object.key);
    writeText(to, object.id);
    writeOptionalText(to, object.etag);
    to.body.varint(object.sizeBytes);
    to.body.varint(datasets.length);
    for (const { tenant, service, minTimeMs, maxTimeMs } of datasets) {
      writeText(to, tenant);
      writeText(to, service);
      writeDoubles(to.body, minTimeMs, maxTimeMs);
    }
    to.body.varint(deletes.length);
    for (const { tenant, selector, fromMs, untilMs } of deletes) {
      writeText(to, tenant);
      writeText(to, selector);
      writeDoubles(to.body, fromMs, untilMs);
    }
  }
  to.body.varint(estimatedBytes);
  // At the end: a querier of the release before knows tasks without it.
  const { choice, namesTenants = false } = selection;
  if (choice === undefined && !namesTenants) return;
  for (const ids of [choice?.profileIds, choice?.spanIds, choice?.traceIds]) writeTextList(to, ids ?? []);
  to.body.uint8(namesTenants ? 1 : 0);
}

function writeQuestion(to: Target, question: Question): void {
  to.body.uint8(KINDS.indexOf(question.kind));
  if (question.kind === 'timeSeries') {
    const { startMs, endMs, stepMs } = question.grid;
    writeDoubles(to.body, startMs, endMs, stepMs);
    writeTextList(to, question.groupBy);
  } else if (question.kind === 'labelSets') {
    to.body.uint8(question.names === undefined ? 0 : 1);
    if (question.names !== undefined) writeTextList(to, question.names);
  } else if (question.kind === 'extent') {
    to.body.uint8(POINTS.indexOf(question.points));
  } else if (question.kind === 'cells') {
    const { grid, buckets } = question;
    to.body.uint8(POINTS.indexOf(question.points));
    writeDoubles(to.body, grid.startMs, grid.endMs, grid.stepMs, buckets.min, buckets.max);
    to.body.varint(buckets.count);
    writeTextList(to, question.groupBy);
    to.body.uint8(question.hasExemplars ? 1 : 0);
  }
}

function writeText({ body, table }: Target, text: string): void {
  body.varint(textNumber(table, text));
}

function writeOptionalText({ body, table }: Target, text: string | undefined): void {
  body.varint(text === undefined ? 0 : textNumber(table, text) + 1);
}

function writeTextList(to: Target, texts: readonly string[]): void {
  to.body.varint(texts.length);
  for (const text of texts) writeText(to, text);
}

interface Source {
  readonly reader: ByteReader;
  readonly texts: readonly string[];
  /** Texts that were said so far: they are numbered as they are first said. */
  saidTexts: number;
}

function readTask(from: Source): Task {
  const question = readQuestion(from);
  const selection: Selection = {
    tenants: readTextList(from),
    fromMs: readDouble(from.reader),
    untilMs: readDouble(from.reader),
    selectors: readTextList(from),
    profileTypeId: readOptionalText(from),
  };
  const task = { question, selection, parts: readList(from, readPart), estimatedBytes: from.reader.varint() };
  if (from.reader.remaining === 0) return task;
  const choice = { profileIds: readTextList(from), spanIds: readTextList(from), traceIds: readTextList(from) };
  return { ...task, selection: { ...selection, choice, namesTenants: from.reader.uint8() === 1 } };
}

function readQuestion(from: Source): Question {
  const kind = KINDS[from.reader.uint8()];
  switch (kind) {
    case 'functions':
    case 'locations':
    case 'labelNames':
      return { kind };
    case 'timeSeries':
      return { kind, grid: readGrid(from), groupBy: readTextList(from) };
    case 'extent':
      return { kind, points: readPoints(from) };
    case 'cells': {
      const [points, grid] = [readPoints(from), readGrid(from)];
      const range = { min: readDouble(from.reader), max: readDouble(from.reader) };
      const buckets = { ...range, count: from.reader.varint() };
      return { kind, points, grid, buckets, groupBy: readTextList(from), hasExemplars: from.reader.uint8() !== 0 };
    }
    case 'labelSets':
      return { kind, names: from.reader.uint8() === 0 ? undefined : readTextList(from) };
    case undefined:
      throw malformed('question');
  }
}

function readPoints({ reader }: Source): PointKind {
  const points = POINTS[reader.uint8()];
  if (points === undefined) throw malformed('points');
  return points;
}

function readGrid({ reader }: Source): TimeGrid {
  return { startMs: readDouble(reader), endMs: readDouble(reader), stepMs: readDouble(reader) };
}

function readPart(from: Source): TaskPart {
  const key = readText(from);
  const id = readText(from);
  const etag = readOptionalText(from);
  const object = { key, id, etag, sizeBytes: from.reader.varint() };
  return { object, datasets: readList(from, readDataset), deletes: readList(from, readDelete) };
}

function readDataset(from: Source): TaskDataset {
  const [tenant, service] = [readText(from), readText(from)];
  return { tenant, service, minTimeMs: readDouble(from.reader), maxTimeMs: readDouble(from.reader) };
}

function readDelete(from: Source): RowDelete {
  const [tenant, selector] = [readText(from), readText(from)];
  return { tenant, selector, fromMs: readDouble(from.reader), untilMs: readDouble(from.reader) };
}

function readList<T>(from: Source, readOne: (from: Source) => T): T[] {
  return Array.from({ length: from.reader.count() }, () => readOne(from));
}

function readText(from: Source): string {
  return textAt(from, from.reader.varint());
}

function readOptionalText(from: Source): string | undefined {
  const number = from.reader.varint();
  return number === 0 ? undefined : textAt(from, number - 1);
}

function textAt(from: Source, number: number): string {
  const text = from.texts[number];
  if (text === undefined) throw malformed('text');
  from.saidTexts = Math.max(from.saidTexts, number + 1);
  return text;
}

function readTextList(from: Source): string[] {
  return readList(from, readText);
}
