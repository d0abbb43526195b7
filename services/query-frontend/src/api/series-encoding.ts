/** Label sets and time series of querier.v1, written from columns: there may be very many. */
import { ByteWriter } from '@flamelake/formats';
import type { Labels } from '@flamelake/model';
import type { BodyForm } from '@flamelake/rpc';
import type { SeriesWithExemplars } from '../queries.ts';
import { encodeExemplar } from './exemplar-message.ts';
import { JsonWriter } from './json-writer.ts';
import { createPacer } from './pacer.ts';
import { bytesField, textField } from './protobuf-fields.ts';

/** SeriesResponse: 2 labels_set (Labels: 1 labels). */
export async function encodeLabelSets(sets: readonly Labels[], form: BodyForm): Promise<Uint8Array> {
  if (form === 'json') {
    return jsonList('labelsSet', sets, (writer, labels) => writer.raw(labelsJson(labels)));
  }
  return protoList(2, sets, labelsProto);
}

/** SelectSeriesResponse: 1 series (Series: 1 labels, 2 points). */
export async function encodeTimeSeries(all: readonly SeriesWithExemplars[], form: BodyForm): Promise<Uint8Array> {
  if (form === 'json') {
    return jsonList('series', all, (writer, series) => {
      writer.raw(labelsJson(series.labels));
      if (series.labels.length > 0 && series.timestampsMs.length > 0) writer.raw(',');
      pointsJson(writer, series);
    });
  }
  return protoList(1, all, (writer, series) => {
    labelsProto(writer, series.labels);
    pointsProto(writer, series);
  });
}

/** An answer whose only field is a list of messages. */
async function protoList<Item>(
  field: number,
  items: readonly Item[],
  write: (writer: ByteWriter, item: Item) => void,
): Promise<Uint8Array> {
  const answer = new ByteWriter();
  const message = new ByteWriter();
  const pace = createPacer();
  for (const item of items) {
    message.clear();
    write(message, item);
    bytesField(answer, field, message.view());
    const turn = pace(answer.length);
    if (turn !== undefined) await turn;
  }
  return answer.view();
}

async function jsonList<Item>(
  name: string,
  items: readonly Item[],
  write: (writer: JsonWriter, item: Item) => void,
): Promise<Uint8Array> {
  const writer = new JsonWriter();
  const pace = createPacer();
  let opening = `{"${name}":[{`;
  for (const item of items) {
    writer.raw(opening);
    opening = ',{';
    write(writer, item);
    writer.raw('}');
    const turn = pace(writer.length);
    if (turn !== undefined) await turn;
  }
  writer.raw(items.length === 0 ? '{}' : ']}');
  return writer.view();
}

/** Labels as field 1; a LabelPair is 1 name, 2 value. */
function labelsProto(writer: ByteWriter, labels: Labels): void {
  const pair = new ByteWriter(64);
  for (const { name, value } of labels) {
    pair.clear();
    if (name !== '') textField(pair, 1, name);
    if (value !== '') textField(pair, 2, value);
    bytesField(writer, 1, pair.view());
  }
}

function labelsJson(labels: Labels): string {
  if (labels.length === 0) return '';
  const pairs = labels.map(({ name, value }) => ({ ...(name !== '' && { name }), ...(value !== '' && { value }) }));
  return `"labels":${JSON.stringify(pairs)}`;
}

/** Points as field 2; a Point is 1 value (double), 2 timestamp, 4 exemplars. Zero values are left out, minus zero is not one. */
function pointsProto(writer: ByteWriter, { timestampsMs, values, exemplars }: SeriesWithExemplars): void {
  const point = new ByteWriter(32);
  const double = new DataView(new ArrayBuffer(8));
  const doubleBytes = new Uint8Array(double.buffer);
  for (let i = 0; i < timestampsMs.length; i++) {
    const value = values[i];
    const timestamp = timestampsMs[i];
    point.clear();
    if (!Object.is(value, 0)) {
      double.setFloat64(0, value, true);
      point.uint8(0x09);
      point.bytes(doubleBytes);
    }
    if (timestamp !== 0) {
      point.uint8(0x10);
      point.varint(timestamp);
    }
    const exemplar = exemplars?.get(timestamp);
    if (exemplar !== undefined) bytesField(point, 4, encodeExemplar(exemplar, 'proto'));
    bytesField(writer, 2, point.view());
  }
}

function pointsJson(writer: JsonWriter, { timestampsMs, values, exemplars }: SeriesWithExemplars): void {
  for (let i = 0; i < timestampsMs.length; i++) {
    const value = values[i];
    const timestamp = timestampsMs[i];
    const hasValue = !Object.is(value, 0);
    writer.raw(i === 0 ? '"points":[{' : ',{');
    if (hasValue) {
      writer.raw('"value":');
      if (value > 0 && Number.isSafeInteger(value)) writer.integer(value);
      else writer.raw(doubleJson(value));
    }
    if (timestamp !== 0) {
      writer.raw(hasValue ? ',"timestamp":"' : '"timestamp":"');
      writer.integer(timestamp);
      writer.raw('"');
    }
    const exemplar = exemplars?.get(timestamp);
    if (exemplar !== undefined) {
      writer.raw(hasValue || timestamp !== 0 ? ',"exemplars":[' : '"exemplars":[');
      writer.rawBytes(encodeExemplar(exemplar, 'json'));
      writer.raw(']');
    }
    writer.raw('}');
  }
  if (timestampsMs.length > 0) writer.raw(']');
}

/** JSON has no NaN, no infinities and loses minus zero; protobuf's mapping names them. */
function doubleJson(value: number): string {
  if (Object.is(value, -0)) return '-0';
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}
