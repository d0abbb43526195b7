/**
 * A profile inside a log record. A `text` is a varint length and UTF-8; columns are described in byte-writer.ts.
 *
 *     tenant, service   text
 *     identity          16 bytes
 *     time, duration, period   signed varint64 each
 *     types             varint count; name, sample type, sample unit, period type, period unit as text each
 *     symbols           symbol-codec.ts
 *     stacks            varint count; lengths as varints; locations as varints, leaf first; of each stack only those before the
 *                       root side it shares with the stack before it, whose lengths are varints between the two columns
 *     groups            varint count, each:
 *       labels          varint count; name and value as text each
 *       sample count    varint
 *       flags           u8: 1 span ids, 2 trace ids
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
import type { StackColumns } from './symbols.ts';

const IDENTITY_BYTES = 16;
const SPAN_BYTES = 8;
const TRACE_BYTES = 16;
const FLAG = { spans: 1, traces: 2 } as const;
/** Most locations in all stacks of a profile, 2^27: shared root sides take no bytes, so bytes alone do not bound them. */
const STACK_LOCATIONS_MAX = 134_217_728;

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

export function readProfile(reader: ByteReader): ProfileRecord {
  const tenant = reader.text();
  const service = reader.text();
  const identity = reader.bytes(IDENTITY_BYTES).slice();
  const timeNanos = reader.signedVarint64();
  const durationNanos = reader.signedVarint64();
  const period = reader.signedVarint64();
  const types = Array.from({ length: reader.count(5) }, () => readType(reader));
  const symbols = readSymbols(reader);
  const stacks = readStacks(reader, symbols.locations.count);
  const groups = Array.from({ length: reader.count(3) }, () => readGroup(reader, types.length, stacks.count));
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

function writeStacks(out: ByteWriter, { count, start, locations }: StackColumns): void {
  const lengths = new Uint32Array(count);
  const shared = new Uint32Array(count);
  const own = new Uint32Array(locations.length);
  let ownCount = 0;
  let previousStart = 0;
  let previousEnd = 0;
  for (let i = 0; i < count; i++) {
    const from = start[i];
    let end = start[i + 1];
    lengths[i] = end - from;
    let other = previousEnd;
    while (end > from && other > previousStart && locations[end - 1] === locations[other - 1]) {
      end--;
      other--;
    }
    shared[i] = previousEnd - other;
    for (let j = from; j < end; j++) own[ownCount++] = locations[j];
    previousStart = from;
    previousEnd = start[i + 1];
  }
  out.varint(count);
  out.varints(lengths);
  out.varints(shared);
  out.varint(ownCount);
  out.varints(own, 0, ownCount);
}

function readStacks(reader: ByteReader, locationCount: number): StackColumns {
  const count = reader.count();
  const lengths = reader.varints(count);
  const shared = reader.varints(count);
  const own = reader.varints(reader.count(), locationCount);
  const start = new Uint32Array(count + 1);
  let total = 0;
  for (let i = 0; i < count; i++) {
    total += lengths[i];
    if (total > STACK_LOCATIONS_MAX) throw new FlamelakeError('data_loss', 'stored stacks are too long', { total });
    start[i + 1] = total;
  }
  const locations = new Uint32Array(total);
  let ownAt = 0;
  for (let i = 0; i < count; i++) {
    const to = start[i];
    const sharedCount = shared[i];
    const ownCount = lengths[i] - sharedCount;
    const previousLength = i === 0 ? 0 : lengths[i - 1];
    if (ownCount < 0 || sharedCount > previousLength || ownAt + ownCount > own.length) {
      throw new FlamelakeError('data_loss', 'stored stack does not fit', { stack: i });
    }
    for (let j = 0; j < ownCount; j++) locations[to + j] = own[ownAt++];
    for (let j = 0; j < sharedCount; j++) locations[to + ownCount + j] = locations[to - sharedCount + j];
  }
  if (ownAt !== own.length) throw new FlamelakeError('data_loss', 'stored stacks have locations to spare');
  return { count, start, locations };
}

function writeGroup(out: ByteWriter, group: SampleGroup): void {
  out.varint(group.labels.length);
  for (const { name, value } of group.labels) {
    out.text(name);
    out.text(value);
  }
  out.varint(group.sampleCount);
  out.uint8((group.spanIds ? FLAG.spans : 0) | (group.traceIds ? FLAG.traces : 0));
  out.deltas(group.stack);
  out.varints64(group.values);
  if (group.spanIds) out.bytes(bytesOf(group.spanIds));
  if (group.traceIds) out.bytes(group.traceIds);
}

function readGroup(reader: ByteReader, typeCount: number, stackCount: number): SampleGroup {
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
  return { labels, sampleCount, stack, values, spanIds, traceIds };
}

/** The column's memory, which is little-endian wherever Flamelake runs. */
function bytesOf(column: BigUint64Array): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
}
