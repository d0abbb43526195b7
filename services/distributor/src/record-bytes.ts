/** An upper bound of what a profile takes in a log record, without encoding it. */
import type { ProfileRecord } from '@flamelake/formats';

/** Longest varint of 32 and of 64 bits. */
const VARINT32_BYTES = 5;
const VARINT64_BYTES = 10;
/** Lengths, versions, checksums, profile types and the frame of the compression. */
const FRAME_BYTES = 1_024;

export function recordBytesBound(profile: ProfileRecord): number {
  const { strings, functions, mappings, locations } = profile.symbols;
  const symbolNumbers = strings.count + functions.count * 4 + locations.count * 2 + locations.lineFunction.length * 2;
  const stackNumbers = 1 + profile.stacks.count * 2;
  let bytes =
    FRAME_BYTES +
    strings.bytes.length +
    VARINT32_BYTES * (symbolNumbers + stackNumbers + mappings.count * 3) +
    VARINT64_BYTES * (locations.count + mappings.count * 3);
  for (const group of profile.groups) {
    bytes += group.sampleCount * VARINT32_BYTES + group.values.length * VARINT64_BYTES;
    bytes += group.times === undefined ? 0 : VARINT32_BYTES * (group.sampleCount + group.times.offsetMs.length);
    bytes += (group.spanIds?.byteLength ?? 0) + (group.traceIds?.byteLength ?? 0) + FRAME_BYTES;
    for (const label of group.labels) bytes += 3 * (label.name.length + label.value.length) + 2 * VARINT32_BYTES;
  }
  for (const type of profile.types) for (const part of Object.values(type)) bytes += 3 * String(part).length;
  return bytes;
}
