/**
 * push.v1 PushRequest as plain data. The protobuf form is read by hand: a push is mostly one run of bytes, kept as a view.
 *
 *     PushRequest       1 series
 *     RawProfileSeries  1 labels, 2 samples (3 annotations: dropped)
 *     RawSample         1 raw_profile, 2 ID
 *     LabelPair         1 name, 2 value
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { FlamelakeError, type Label } from '@flamelake/model';
import { PushRequestSchema, PushResponseSchema } from './gen/push/v1/push_pb.js';
import { decodeMessage, encodeMessage } from './message-codec.ts';
import type { BodyForm } from './unary-method.ts';

export const PUSH_PATH = '/push.v1.PusherService/Push';

/** Most series, labels and samples in one push, together: empty ones are two bytes each on the wire and a hundred in memory. */
const PUSH_ITEMS_MAX = 100_000;

/** Profiles of one label set, as pushed: labels as the client ordered them, nothing validated. */
export interface PushSeries {
  readonly labels: readonly Label[];
  readonly samples: readonly PushSample[];
}

export interface PushSample {
  /** pprof, gzipped or not; a view into the request for the protobuf form. */
  readonly rawProfile: Uint8Array;
  /** The client's own id, `''` when it sent none. */
  readonly id: string;
}

/** @throws {FlamelakeError} `invalid_argument` when the bytes are no PushRequest */
export function pushRequestFromProto(body: Uint8Array): PushSeries[] {
  try {
    const series: PushSeries[] = [];
    const reader = new BinaryReader(body);
    const countItem = itemCounter();
    readFields(reader, body.length, (field) => {
      if (field !== 1) return false;
      countItem();
      series.push(readSeries(reader, countItem));
      return true;
    });
    return series;
  } catch (cause) {
    if (cause instanceof FlamelakeError) throw cause;
    throw new FlamelakeError('invalid_argument', 'push request is not valid protobuf', {}, { cause });
  }
}

/** @throws {FlamelakeError} `invalid_argument` when the text is no PushRequest, base64 included */
export function pushRequestFromJson(body: Uint8Array): PushSeries[] {
  const request = decodeMessage(PushRequestSchema, body, 'json');
  return request.series.map(({ labels, samples }) => ({
    labels: labels.map(({ name, value }) => ({ name, value })),
    samples: samples.map(({ rawProfile, ID }) => ({ rawProfile, id: ID })),
  }));
}

export function decodePushRequest(body: Uint8Array, form: BodyForm): PushSeries[] {
  return form === 'proto' ? pushRequestFromProto(body) : pushRequestFromJson(body);
}

/** The answer to a push is an empty message. */
export function encodePushResponse(form: BodyForm): Uint8Array {
  return encodeMessage(PushResponseSchema, {}, form);
}

function itemCounter(): () => void {
  let items = 0;
  return () => {
    if (++items <= PUSH_ITEMS_MAX) return;
    throw new FlamelakeError('invalid_argument', 'push has too many series, labels and samples', {
      limit: PUSH_ITEMS_MAX,
    });
  };
}

function readSeries(reader: BinaryReader, countItem: () => void): PushSeries {
  const labels: Label[] = [];
  const samples: PushSample[] = [];
  readFields(reader, messageEnd(reader), (field) => {
    countItem();
    if (field === 1) labels.push(readLabel(reader));
    else if (field === 2) samples.push(readSample(reader));
    else return false;
    return true;
  });
  return { labels, samples };
}

function readLabel(reader: BinaryReader): Label {
  let name = '';
  let value = '';
  readFields(reader, messageEnd(reader), (field) => {
    if (field === 1) name = reader.string();
    else if (field === 2) value = reader.string();
    else return false;
    return true;
  });
  return { name, value };
}

function readSample(reader: BinaryReader): PushSample {
  let rawProfile: Uint8Array = new Uint8Array(0);
  let id = '';
  readFields(reader, messageEnd(reader), (field) => {
    if (field === 1) rawProfile = reader.bytes();
    else if (field === 2) id = reader.string();
    else return false;
    return true;
  });
  return { rawProfile, id };
}

/** Reads the length of a sub-message; where it ends. */
function messageEnd(reader: BinaryReader): number {
  const size = reader.uint32();
  if (size > reader.len - reader.pos) throw new RangeError('sub-message ends beyond the message');
  return reader.pos + size;
}

/** Walks the fields up to `end`. Those known here are all length-delimited; `read` answers whether it took the field. */
function readFields(reader: BinaryReader, end: number, read: (field: number) => boolean): void {
  while (reader.pos < end) {
    const [field, wireType] = reader.tag();
    if (wireType === WireType.LengthDelimited ? !read(field) : true) reader.skip(wireType, field);
  }
  if (reader.pos !== end) throw new RangeError('field ends beyond its message');
}
