/** Everything a block holds in plain words, for people and for golden files: slow, and large for large blocks. */
import type { LocationColumns, MappingColumns, StringColumn } from '@flamelake/formats';
import { IDENTITY_BYTES } from './block-sections.ts';
import { profileUuid } from './profile-uuid.ts';
import type { BlockInfo, BlockReader, DatasetReader, IdentityColumns } from './types.ts';

/** A frame: its lines innermost first, or none for an address without symbols. */
export interface LocationDescription {
  readonly address: string;
  readonly mapping: string;
  /** `name (system name) file:line, starts at line`. */
  readonly lines: readonly string[];
}

export interface ProfileDescription {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly timeMs: number;
  readonly durationNanos: number;
  readonly period: string;
  readonly total: string;
  /** Location numbers root first, joined by spaces; value; then span id, trace id and times if there are any. */
  readonly samples: readonly (readonly string[])[];
}

export interface DatasetDescription {
  readonly tenant: string;
  readonly service: string;
  readonly locations: readonly LocationDescription[];
  readonly profiles: readonly ProfileDescription[];
  /** Where there are any: profile type, start and width of the window, profiles, total, then each stack and its value. */
  readonly totals?: readonly (readonly string[])[];
}

export interface BlockDescription {
  readonly info: BlockInfo;
  readonly datasets: readonly DatasetDescription[];
  /** 32 hex digits and the offset. */
  readonly identities: readonly (readonly [string, number])[];
  readonly quarantine: readonly { readonly offset: number; readonly reason: string; readonly value: string }[];
}

/** Reads a whole block; its labels are those of the series. @throws {FlamelakeError} what reading its sections throws */
export async function describeBlock(block: BlockReader): Promise<BlockDescription> {
  await block.checkLabels();
  const identities = await block.identities();
  const datasets: DatasetDescription[] = [];
  for (let i = 0; i < block.info.datasets.length; i++) {
    datasets.push(await describeDataset(block.dataset(i), identities));
  }
  return {
    info: block.info,
    datasets,
    identities: Array.from({ length: identities.count }, (_, i) => [
      hex(identityOf(identities, i)),
      identities.offsets[i],
    ]),
    quarantine: (await block.quarantine()).map(({ offset, reason, value }) => ({ offset, reason, value: hex(value) })),
  };
}

async function describeDataset(dataset: DatasetReader, identities: IdentityColumns): Promise<DatasetDescription> {
  const series = await dataset.series();
  const profiles = await dataset.profiles();
  const samples = await dataset.samples();
  const spans = await dataset.spans();
  const times = await dataset.times();
  const { parent, location } = await dataset.tree();
  const stackOf = (node: number): string => {
    const frames: number[] = [];
    for (let at = node; at !== 0; at = parent[at]) frames.push(location[at]);
    return frames.toReversed().join(' ');
  };
  const sampleAt = (row: number, i: number): string[] => {
    const sample = [stackOf(samples.stacktrace[i]), `${samples.value[i]}`];
    const span = spans?.spanIds[i] ?? 0n;
    const trace = hex(spans?.traceIds?.subarray(16 * i, 16 * i + 16) ?? new Uint8Array(0));
    if (span !== 0n) sample.push(`span ${span.toString(16).padStart(16, '0')}`);
    if (/[^0]/.test(trace)) sample.push(`trace ${trace}`);
    if (times !== undefined) {
      const element = times.firstElement[profiles.stackList[row]] + i - samples.start[row];
      const offsets = times.offsetMs.subarray(times.start[element], times.start[element + 1]);
      if (offsets.length > 0) sample.push(`ms ${offsets.join(' ')}`);
    }
    return sample;
  };
  const totals = await describeTotals(dataset, stackOf);
  return {
    tenant: dataset.info.tenant,
    service: dataset.info.service,
    locations: await describeLocations(dataset),
    profiles: Array.from({ length: profiles.count }, (_, row) => ({
      id: profileUuid(identityOf(identities, profiles.identity[row]), profiles.group[row]),
      labels: Object.fromEntries(series[profiles.series[row]].labels.map(({ name, value }) => [name, value])),
      timeMs: profiles.timeMs[row],
      durationNanos: profiles.durationNanos[row],
      period: `${profiles.period[row]}`,
      total: `${profiles.total[row]}`,
      samples: Array.from({ length: samples.start[row + 1] - samples.start[row] }, (_, i) =>
        sampleAt(row, samples.start[row] + i),
      ),
    })),
    ...(totals.length > 0 && { totals }),
  };
}

async function describeTotals(dataset: DatasetReader, stackOf: (node: number) => string): Promise<string[][]> {
  const described: string[][] = [];
  for (const type of dataset.info.profileTypes) {
    for (const { startMs, widthMs, profileCount, total, stacks } of (await dataset.totals(type, [])) ?? []) {
      const sums = stacks.flatMap(({ stacktrace, value }) =>
        [...stacktrace].map((node, i) => `${stackOf(node)}: ${value[i]}`),
      );
      described.push([type, `${startMs}`, `${widthMs}`, `${profileCount}`, `${total}`, ...sums]);
    }
  }
  return described;
}

async function describeLocations(dataset: DatasetReader): Promise<LocationDescription[]> {
  const strings = await dataset.strings();
  const { name, systemName, filename, startLine } = await dataset.functions();
  const locations = await dataset.locations();
  const mappings = await dataset.mappings();
  return Array.from({ length: locations.count }, (_, i) => ({
    address: `0x${locations.address[i].toString(16)}`,
    mapping: describeMapping(strings, mappings, locations, i),
    lines: Array.from({ length: locations.lineStart[i + 1] - locations.lineStart[i] }, (_, k) => {
      const line = locations.lineStart[i] + k;
      const fn = locations.lineFunction[line];
      const names = `${textAt(strings, name[fn])} (${textAt(strings, systemName[fn])})`;
      return `${names} ${textAt(strings, filename[fn])}:${locations.lineNumber[line]}, starts at ${startLine[fn]}`;
    }),
  }));
}

function describeMapping(
  strings: StringColumn,
  mappings: MappingColumns,
  locations: LocationColumns,
  i: number,
): string {
  const mapping = locations.mapping[i] - 1;
  if (mapping < 0) return '';
  const range = [mappings.memoryStart, mappings.memoryLimit, mappings.fileOffset]
    .map((column) => column[mapping].toString(16))
    .join(' ');
  const file = `${textAt(strings, mappings.filename[mapping])} ${textAt(strings, mappings.buildId[mapping])}`;
  return `${file} ${range} ${mappings.flags[mapping]}`;
}

function textAt(strings: StringColumn, index: number): string {
  return Buffer.from(strings.bytes.subarray(strings.offsets[index], strings.offsets[index + 1])).toString('utf8');
}

function identityOf(identities: IdentityColumns, index: number): Uint8Array {
  return identities.ids.subarray(index * IDENTITY_BYTES, (index + 1) * IDENTITY_BYTES);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
