/**
 * A profile inside a log record. A `text` is a varint length and UTF-8; columns are described in byte-writer.ts.
 *
 *     tenant, service   text
 *     identity          16 bytes
 *     time, duration, period   signed varint64 each
 *     types             varint count; name, sample type, sample unit, period type, period unit as text each
 *     symbols           symbol-codec.ts
 *     stacks            varint count of nodes, the root included; of each other node how far before the node ahead of it its
 *                       parent is, then its location, both as varints
 *     groups            varint count, each:
 *       labels          varint count; name and value as text each
 *       sample count    varint
 *       flags           u8: 1 span ids, 2 trace ids, 4 times, which are elsewhere in the record: times-frame.ts
 *       stacks          deltas
 *       values          varints64, type by type
 *       span ids        8 bytes each, if flagged
 *       trace ids       16 bytes each, if flagged
 */
import { FlamelakeError, type Labels, type ProfileType } from '@flamelake/model';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import type { ProfileRecord, SampleGroup } from './profile-record.ts';
import { readSymbols, writeSymbols } from './symbol-codec.ts';
import type { StackTreeColumns } from './symbols.ts';
import type { ReadTimes } from './times-frame.ts';

const IDENTITY_BYTES = 16;
const SPAN_BYTES = 8;
const TRACE_BYTES = 16;
const FLAG = { spans: 1, traces: 2, times: 4 } as const;

export function writeProfile(out: ByteWriter, profile: ProfileRecord): void {
  out.text(profile.tenant);
  out.text(profile.service);
  if (profile.identity.length !== IDENTITY_BYTES) throw new FlamelakeError('internal', 'identity must have 16 bytes');
  out.bytes(profile.identity);
  out.signedVarint64(profile.timeNanos);
  out.signedVarint64(profile.durationNanos);
  out.signedVarint64(profile.period);
  out.varint(profile.types.length);
  for (const type of profile.types) {
    for (const text of [type.name, type.sampleType, type.sampleUnit, type.periodType, type.periodUnit]) out.text(text);
  }
  writeSymbols(out, profile.symbols);
  writeStacks(out, profile.stacks);
  out.varint(profile.groups.length);
  for (const group of profile.groups) writeGroup(out, group);
}

/** @param readTimes - reads the times of the next label set that has some, so many samples */
export function readProfile(reader: ByteReader, readTimes: ReadTimes): ProfileRecord {
  const tenant = reader.text();
  const service = reader.text();
  const identity = reader.bytes(IDENTITY_BYTES).slice();
  const timeNanos = reader.signedVarint64();
  const durationNanos = reader.signedVarint64();
  const period = reader.signedVarint64();
  const types = Array.from({ length: reader.count(5) }, () => readType(reader));
  const symbols = readSymbols(reader);
  const stacks = readStacks(reader, symbols.locations.count);
  const groups = Array.from({ length: reader.count(3) }, () =>
    readGroup(reader, types.length, stacks.count, readTimes),
  );
  return { tenant, service, identity, timeNanos, durationNanos, period, types, symbols, stacks, groups };
}

function readType(reader: ByteReader): ProfileType {
  return {
    name: reader.text(),
    sampleType: reader.text(),
    sampleUnit: reader.text(),
    periodType: reader.text(),
    periodUnit: reader.text(),
  };
}

function writeStacks(out: ByteWriter, { count, parent, location }: StackTreeColumns): void {
  out.varint(count);
  const steps = new Uint32Array(count - 1);
  for (let node = 1; node < count; node++) steps[node - 1] = node - 1 - parent[node];
  out.varints(steps);
  out.varints(location, 1, count);
}

function readStacks(reader: ByteReader, locationCount: number): StackTreeColumns {
  const count = reader.count();
  if (count === 0) throw new FlamelakeError('data_loss', 'stored stacks have no root');
  const steps = reader.varints(count - 1);
  const own = reader.varints(count - 1, locationCount);
  const parent = new Uint32Array(count);
  const location = new Uint32Array(count);
  location.set(own, 1);
  for (let node = 1; node < count; node++) {
    const step = steps[node - 1];
    if (step >= node) throw new FlamelakeError('data_loss', 'stored stack has no parent', { node, step });
    parent[node] = node - 1 - step;
  }
  return { count, parent, location };
}

function writeGroup(out: ByteWriter, group: SampleGroup): void {
  out.varint(group.labels.length);
  for (const { name, value } of group.labels) {
    out.text(name);
    out.text(value);
  }
  out.varint(group.sampleCount);
  const { spans, traces, times } = FLAG;
  out.uint8((group.spanIds ? spans : 0) | (group.traceIds ? traces : 0) | (group.times ? times : 0));
  out.deltas(group.stack);
  out.varints64(group.values);
  if (group.spanIds) out.bytes(bytesOf(group.spanIds));
  if (group.traceIds) out.bytes(group.traceIds);
}

function readGroup(reader: ByteReader, typeCount: number, stackCount: number, readTimes: ReadTimes): SampleGroup {
  const labels: Labels = Array.from({ length: reader.count(2) }, () => ({ name: reader.text(), value: reader.text() }));
  const sampleCount = reader.count();
  const flags = reader.uint8();
  const stack = reader.deltas(sampleCount, stackCount);
  const values = reader.varints64(sampleCount * typeCount);
  // Copied: 64 bit columns must lie at a multiple of eight.
  const spanIds =
    (flags & FLAG.spans) === 0
      ? undefined
      : new BigUint64Array(Uint8Array.from(reader.bytes(sampleCount * SPAN_BYTES)).buffer);
  const traceIds = (flags & FLAG.traces) === 0 ? undefined : reader.bytes(sampleCount * TRACE_BYTES).slice();
  const group = { labels, sampleCount, stack, values, spanIds, traceIds };
  return (flags & FLAG.times) === 0 ? group : { ...group, times: readTimes(sampleCount) };
}

/** The column's memory, which is little-endian wherever Flamelake runs. */
function bytesOf(column: BigUint64Array): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
}
