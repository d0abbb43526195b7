/**
 * google.v1.Profile from protobuf to JSON without a message between: one pass over the bytes. Expects them as our encoder writes
 * them: fields of a message in the order of their numbers.
 */
import { FlamelakeError } from '@flamelake/model';
import { JsonWriter } from './json-writer.ts';
import { createPacer } from './pacer.ts';

/** How a field is written; `fields` when it is a message. */
interface Field {
  /** Its name and, for a list, the bracket. */
  readonly opening: string;
  readonly kind: 'int64' | 'uint64' | 'bool' | 'string' | 'message';
  readonly isRepeated: boolean;
  readonly fields: Shape;
}

/** Fields of a message by number; 0 is none. */
type Shape = readonly (Field | undefined)[];

const scalar = (kind: Field['kind'], name: string): Field => ({
  opening: `"${name}":`,
  kind,
  isRepeated: false,
  fields: [],
});
const list = (kind: Field['kind'], name: string): Field => ({
  opening: `"${name}":[`,
  kind,
  isRepeated: true,
  fields: [],
});
const messages = (name: string, fields: Shape): Field => ({ ...list('message', name), fields });
const shape = (...fields: Field[]): Shape => [undefined, ...fields];

const VALUE_TYPE = shape(scalar('int64', 'type'), scalar('int64', 'unit'));
const LABEL = shape(...['key', 'str', 'num', 'numUnit'].map((name) => scalar('int64', name)));
const LINE = shape(scalar('uint64', 'functionId'), scalar('int64', 'line'));
const SAMPLE = shape(list('uint64', 'locationId'), list('int64', 'value'), messages('label', LABEL));
const MAPPING = shape(
  ...['id', 'memoryStart', 'memoryLimit', 'fileOffset'].map((name) => scalar('uint64', name)),
  ...['filename', 'buildId'].map((name) => scalar('int64', name)),
  ...['hasFunctions', 'hasFilenames', 'hasLineNumbers', 'hasInlineFrames'].map((name) => scalar('bool', name)),
);
const LOCATION = shape(
  ...['id', 'mappingId', 'address'].map((name) => scalar('uint64', name)),
  messages('line', LINE),
  scalar('bool', 'isFolded'),
);
const FUNCTION = shape(
  scalar('uint64', 'id'),
  ...['name', 'systemName', 'filename', 'startLine'].map((name) => scalar('int64', name)),
);
const PROFILE = shape(
  messages('sampleType', VALUE_TYPE),
  messages('sample', SAMPLE),
  messages('mapping', MAPPING),
  messages('location', LOCATION),
  messages('function', FUNCTION),
  list('string', 'stringTable'),
  ...['dropFrames', 'keepFrames', 'timeNanos', 'durationNanos'].map((name) => scalar('int64', name)),
  { ...scalar('message', 'periodType'), fields: VALUE_TYPE },
  scalar('int64', 'period'),
  list('int64', 'comment'),
  scalar('int64', 'defaultSampleType'),
);

const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** Where the writing of a message stands: the field written last. */
interface Progress {
  number: number;
  isList: boolean;
}

/** @throws {FlamelakeError} `internal` when the bytes are not as our encoder writes them */
export async function profileToJson(profile: Uint8Array): Promise<Uint8Array> {
  const out = new JsonWriter();
  const transcoder = new Transcoder(profile, out);
  const pace = createPacer();
  const progress: Progress = { number: 0, isList: false };
  out.raw('{');
  while (transcoder.at < profile.length) {
    transcoder.field(PROFILE, profile.length, progress);
    const turn = pace(out.length);
    if (turn !== undefined) await turn;
  }
  out.raw(progress.isList ? ']}' : '}');
  return out.view();
}

class Transcoder {
  /** Offset of the next byte read. */
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #out: JsonWriter;
  /** Halves of the varint read last. */
  #low = 0;
  #high = 0;

  constructor(bytes: Uint8Array, out: JsonWriter) {
    this.#bytes = bytes;
    this.#out = out;
  }

  /** Writes the next field of a message that ends at `end`. */
  field(fields: Shape, end: number, progress: Progress): void {
    this.#varint(end);
    const number = this.#low >>> 3;
    const wire = this.#low & 7;
    const field = fields[number];
    const isNext = number === progress.number;
    if (field === undefined || number < progress.number || (isNext && !field.isRepeated)) throw unexpected(this.at);
    if (isNext) this.#out.raw(',');
    else {
      const separator = progress.number === 0 ? '' : progress.isList ? '],' : ',';
      if (separator !== '') this.#out.raw(separator);
      this.#out.raw(field.opening);
    }
    progress.number = number;
    progress.isList = field.isRepeated;
    this.#value(field, wire, end);
  }

  #message(fields: Shape, end: number): void {
    const progress: Progress = { number: 0, isList: false };
    this.#out.raw('{');
    while (this.at < end) this.field(fields, end, progress);
    this.#out.raw(progress.isList ? ']}' : '}');
  }

  #value(field: Field, wire: number, end: number): void {
    this.#varint(end);
    if (wire === VARINT) {
      this.#scalar(field);
      return;
    }
    const length = this.#low;
    if (wire !== LENGTH_DELIMITED || length > end - this.at) throw unexpected(this.at);
    const valueEnd = this.at + length;
    if (field.kind === 'message') {
      this.#message(field.fields, valueEnd);
    } else if (field.kind === 'string') {
      const text = Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + this.at, length).toString();
      this.#out.raw(JSON.stringify(text));
      this.at = valueEnd;
    } else {
      for (let isFirst = true; this.at < valueEnd; isFirst = false) {
        if (!isFirst) this.#out.raw(',');
        this.#varint(valueEnd);
        this.#scalar(field);
      }
    }
  }

  #scalar({ kind }: Field): void {
    if (kind === 'bool') this.#out.raw(this.#low === 0 ? 'false' : 'true');
    else this.#out.quoted64(this.#low, this.#high, kind === 'int64');
  }

  /** Reads a varint into its halves. */
  #varint(end: number): void {
    const bytes = this.#bytes;
    let low = 0;
    let high = 0;
    for (let shift = 0; ; shift += 7) {
      if (this.at >= end || shift > 63) throw unexpected(this.at);
      const byte = bytes[this.at++];
      if (shift < 28) low |= (byte & 0x7f) << shift;
      else if (shift === 28) {
        low |= (byte & 0x7f) << 28;
        high = (byte & 0x7f) >>> 4;
      } else high |= (byte & 0x7f) << (shift - 32);
      if (byte < 0x80) break;
    }
    this.#low = low >>> 0;
    this.#high = high >>> 0;
  }
}

function unexpected(offset: number): FlamelakeError {
  return new FlamelakeError('internal', 'profile is not encoded as expected', { offset });
}
