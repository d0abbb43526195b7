/** Reads all of one dataset of a block, sums it up and checks each row's total against its samples. */
import type {
  DatasetReader,
  IdentityColumns,
  ProfileColumns,
  RowFilter,
  SampleColumns,
  Series,
} from '@flamelake/block';
import { IDENTITY_BYTES } from '@flamelake/catalog';
import { profileTypeId } from '@flamelake/model';
import { checkStackTotals } from './check-stack-totals.ts';
import { hashLocations, hashRow, hashTree, wordsOf } from './content-hash.ts';
import { digestsOf, type PartitionReading } from './partition-reading.ts';
import { hashRowName } from './row-name.ts';
import { rootKey, type ServerAnswer } from './server-answers.ts';
import { totalOf } from './totals.ts';

const SECTIONS = [
  'strings',
  'functions',
  'locations',
  'mappings',
  'tree',
  'series',
  'profiles',
  'samples',
  'spans',
  'times',
] as const;
const TWO_32 = 0x1_0000_0000;

/** @throws {FlamelakeError} `data_loss` when a section cannot be read */
export async function readDataset(
  reading: PartitionReading,
  key: string,
  dataset: DatasetReader,
  identities: IdentityColumns,
  shown?: RowFilter,
): Promise<void> {
  const { tenant, service } = dataset.info;
  await dataset.load(SECTIONS);
  const series = await dataset.series();
  const profiles = await dataset.profiles();
  const samples = await dataset.samples();
  // The rest is decoded in any case: its checksums and references are part of the reading.
  const spans = await dataset.spans();
  await dataset.times();
  const tree = await dataset.tree();
  const symbols = {
    strings: await dataset.strings(),
    functions: await dataset.functions(),
    locations: await dataset.locations(),
    mappings: await dataset.mappings(),
  };
  const wrong = [
    ...checkInfo(dataset, series, profiles),
    ...checkTotals(profiles, samples),
    ...(await checkStackTotals(dataset, series, profiles, samples)),
  ];
  for (const words of wrong) reading.findings.difference(`${key}: ${tenant}/${service}: ${words}`);
  addToTotals(reading, dataset, series, profiles, samples, identities, shown);

  const digests = digestsOf(reading);
  if (digests === undefined) return;
  const isWanted = (row: number): boolean => {
    const offset = identities.offsets[profiles.identity[row]];
    return offset >= digests.from && offset < digests.until;
  };
  if (!profiles.series.some((_, row) => isWanted(row))) return;
  const stacks = hashTree(tree, hashLocations(symbols));
  const names = series.map(({ labels, type }) => hashRowName(tenant, service, type, labels));
  const columns = {
    stack: samples.stacktrace,
    stacks,
    values: wordsOf(samples.value),
    valueShift: 0,
    spans: spans && wordsOf(spans.spanIds),
    traces: spans?.traceIds,
  };
  for (let row = 0; row < profiles.count; row++) {
    if (!isWanted(row)) continue;
    const identity = profiles.identity[row];
    const facts = {
      name: names[profiles.series[row]],
      timeMs: profiles.timeMs[row],
      durationNanos: profiles.durationNanos[row],
      period: profiles.period[row],
      group: profiles.group[row],
      identities: identities.ids,
      identityAt: identity * IDENTITY_BYTES,
    };
    const range = { from: samples.start[row], until: samples.start[row + 1] };
    digests.addRow(identities.offsets[identity], hashRow(facts, { ...columns, ...range }));
  }
}

/** What the footer says of the dataset must be what its sections hold. */
function* checkInfo({ info }: DatasetReader, series: readonly Series[], profiles: ProfileColumns): Generator<string> {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const timeMs of profiles.timeMs) {
    least = Math.min(least, timeMs);
    most = Math.max(most, timeMs);
  }
  if (profiles.count > 0 && (least !== info.minTimeMs || most !== info.maxTimeMs)) {
    yield `times are ${least} to ${most}, the footer says ${info.minTimeMs} to ${info.maxTimeMs}`;
  }
  const types = [...new Set(series.map(({ type }) => profileTypeId(type)))].sort();
  if (JSON.stringify(types) !== JSON.stringify([...info.profileTypes].sort())) {
    yield `profile types are ${types.join(', ')}, the footer says ${info.profileTypes.join(', ')}`;
  }
}

/** Each row's total must be the sum of its samples. */
function* checkTotals(profiles: ProfileColumns, samples: SampleColumns): Generator<string> {
  const values = wordsOf(samples.value);
  const totals = wordsOf(profiles.total);
  let wrongRows = 0;
  let firstRow = 0;
  for (let row = 0; row < profiles.count; row++) {
    let low = 0;
    let high = 0;
    for (let at = 2 * samples.start[row], end = 2 * samples.start[row + 1]; at < end; at += 2) {
      low += values[at];
      high += values[at + 1];
      if (low >= TWO_32) {
        low -= TWO_32;
        high++;
      }
    }
    if (low === totals[2 * row] && high === totals[2 * row + 1]) continue;
    if (wrongRows++ === 0) firstRow = row;
  }
  if (wrongRows > 0) {
    yield `totals of ${wrongRows} profiles are not the sums of their samples, first in row ${firstRow}: ${profiles.total[firstRow]}`;
  }
}

function addToTotals(
  reading: PartitionReading,
  { info }: DatasetReader,
  series: readonly Series[],
  profiles: ProfileColumns,
  samples: SampleColumns,
  identities: IdentityColumns,
  shown: RowFilter | undefined,
): void {
  const root = rootKey(reading.root);
  const isWholeHidden = shown?.dataset?.(info) === false;
  const isShown = (row: number): boolean =>
    !isWholeHidden && shown?.row?.(info, series[profiles.series[row]], profiles.timeMs[row]) !== false;
  const sums = series.map(({ type }) => {
    const name = { tenant: info.tenant, service: info.service, type: profileTypeId(type) };
    const answers = reading.answers.of(name).map((answer) => ({ answer, end: answer.ends.get(root) ?? 0 }));
    return { sum: totalOf(reading.totals, name), answers };
  });
  for (let row = 0; row < profiles.count; row++) {
    const { sum, answers } = sums[profiles.series[row]];
    const total = profiles.total[row];
    sum.profiles++;
    sum.samples += samples.start[row + 1] - samples.start[row];
    sum.total += total;
    if (answers.length === 0 || !isShown(row)) continue;
    const offset = identities.offsets[profiles.identity[row]];
    for (const { answer, end } of answers) if (offset < end) expect(reading, answer, total);
  }
}

function expect({ expected }: PartitionReading, answer: ServerAnswer, total: bigint): void {
  const sum = expected.get(answer);
  if (sum === undefined) expected.set(answer, { profiles: 1, total });
  else {
    sum.profiles++;
    sum.total += total;
  }
}
