/**
 * Makes golden blocks of the current version: `node test/golden/write-block-goldens.ts`. Run it for a new version of the format
 * only, with new file names; a golden file of an earlier version is never written again.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { BLOCK_VERSION, type BlockHeader, createBlockBuilder, describeBlock, parseBlock } from '@flamelake/block';
import { decodePprof, normalizeProfile } from '@flamelake/formats';
import { GOLDEN_TOTALS_MS, goldenHeader, smallBlock, timedBlock } from './block-goldens.ts';

/** A Go heap, a Go mutex and a Python CPU profile, as their clients sent them. */
const CORPUS = [
  'extracted/go-shop/0001-profile.pb.gz',
  'extracted/go-shop/0002-profile.pb.gz',
  'extracted/py-survey/0004-0-process_cpu.pb',
];
const folder = import.meta.dirname;

const real = createBlockBuilder();
for (const [offset, path] of CORPUS.entries()) {
  const service = path.split('/')[1];
  const file = readFileSync(`${folder}/../corpus/${path}`);
  const profile = normalizeProfile(decodePprof(path.endsWith('.gz') ? gunzipSync(file) : file));
  const { timeNanos, durationNanos, period, periodType, symbols, stacks, groups } = profile;
  real.addProfile(
    {
      tenant: 'anonymous',
      service,
      identity: new Uint8Array(16).fill(offset + 1),
      timeNanos,
      durationNanos,
      period,
      symbols,
      stacks,
      types: profile.sampleTypes.map(({ type, unit }) => ({
        name: 'golden',
        sampleType: type,
        sampleUnit: unit,
        periodType: periodType?.type ?? '',
        periodUnit: periodType?.unit ?? '',
      })),
      groups: groups.map(({ sampleLabels, ...group }) => ({
        ...group,
        labels: [...sampleLabels, { name: 'service_name', value: service }].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      })),
    },
    offset,
  );
}
await write('labels-small', smallBlock());
await write('labels-times', timedBlock());
await write('labels-real', real.build(goldenHeader('22', 0)).bytes);

const merged = createBlockBuilder();
await merged.addBlock(parseBlock(smallBlock()));
await merged.addBlock(parseBlock(real.build(goldenHeader('22', 0)).bytes));
await write('labels-merged', merged.build(goldenHeader('33', 1) satisfies BlockHeader).bytes);
await write('labels-totals', merged.build({ ...goldenHeader('44', 2), totalsMs: GOLDEN_TOTALS_MS }).bytes);

async function write(name: string, bytes: Uint8Array): Promise<void> {
  const path = `${folder}/block-v${BLOCK_VERSION}-${name}`;
  if (existsSync(`${path}.bin`)) return;
  const content = { zstd: process.versions.zstd, block: await describeBlock(parseBlock(bytes)) };
  writeFileSync(`${path}.bin`, bytes);
  writeFileSync(`${path}.json`, `${JSON.stringify(content, undefined, 1)}\n`);
}
