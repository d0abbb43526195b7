/**
 * Makes goldens of what is stored or sent beside blocks: `node test/golden/write-wire-goldens.ts VERSION`. Run it for a new
 * version of any of the formats only, with a new number; a golden file of an earlier one is never written again.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { parseBlock } from '@flamelake/block';
import {
  EMPTY_MANIFEST,
  encodeManifest,
  openStore,
  STORE_KEY,
  sealCommitToken,
  sealSnapshotName,
} from '@flamelake/catalog';
import { encodeLogRecord } from '@flamelake/formats';
import { createMemoryStore } from '@flamelake/object-store';
import { openFileLog } from '@flamelake/profile-log';
import { encodePartialResult, encodeTask, executeTask, type Question, type Task } from '@flamelake/query';
import { nodeFileSystem, systemClock } from '@flamelake/runtime';
import { createSeededRandom } from '@flamelake/testkit';
import { goldenRecords } from './block-records.ts';
import { GOLDEN_KEYS, plain, WIRE_FORMATS } from './wire-formats.ts';

const [version] = process.argv.slice(2);
if (!/^\d+$/.test(version ?? '')) throw new Error('name the number of the new file');
const goldens: { format: string; name: string; bytes: string; content: unknown }[] = [];
async function add(format: string, name: string, bytes: Uint8Array): Promise<void> {
  const content = plain(await WIRE_FORMATS[format].describe(bytes));
  goldens.push({ format, name, bytes: Buffer.from(bytes).toString('base64'), content });
}

const records = goldenRecords();
await add('log record', 'one profile', encodeLogRecord(records.slice(0, 1)));
await add('log record', 'three profiles', encodeLogRecord(records));

const directory = mkdtempSync(`${tmpdir()}/flamelake-golden-`);
const log = await openFileLog({
  directory,
  fileSystem: nodeFileSystem,
  clock: systemClock,
  random: createSeededRandom(1),
  onFatal: (error) => {
    throw error;
  },
});
for (const record of records) await log.append(0, encodeLogRecord([record]));
await log.close();
const file = `${directory}/${'0'.repeat(20)}.log`;
await add('local log', 'three records', readFileSync(file));
rmSync(directory, { recursive: true });

const folder = new URL('../../libs/catalog/golden/', import.meta.url);
await add('manifest', 'one of everything', readFileSync(new URL('manifest-v1.bin', folder)));
await add('manifest', 'nothing', encodeManifest({ ...EMPTY_MANIFEST, version: 1 }));

const store = createMemoryStore({ clock: systemClock });
await openStore(store, createSeededRandom(2));
const identity = await store.get(STORE_KEY);
await add('store.json', 'a store', identity?.bytes ?? new Uint8Array());

const block = parseBlock(readFileSync(new URL('block-v1-small.bin', import.meta.url)));
const { id, datasets } = block.info;
const QUESTIONS: readonly Question[] = [
  { kind: 'functions' },
  { kind: 'locations' },
  { kind: 'timeSeries', grid: { startMs: 1_795_206_480_000, endMs: 1_795_206_500_000, stepMs: 7_000 }, groupBy: ['pod'] },
  { kind: 'labelSets', names: undefined },
  { kind: 'labelSets', names: ['pod', 'größe'] },
  { kind: 'labelNames' },
];
for (const question of QUESTIONS) {
  const task: Task = {
    question,
    selection: {
      tenants: ['team-a'],
      fromMs: 1_795_206_480_000.5,
      untilMs: 1_795_206_600_000,
      selectors: ['{service_name="cart"}'],
      profileTypeId: question.kind === 'labelNames' ? undefined : 'process_cpu:samples:count:cpu:nanoseconds',
    },
    parts: [
      {
        object: { key: 'logs/golden-log/partitions/5/segments/100', id, etag: '"1f"', sizeBytes: 5_000_000_000 },
        datasets,
        deletes: [{ tenant: 'team-a', selector: '{pod="gone"}', fromMs: 1, untilMs: 2 }],
      },
    ],
    estimatedBytes: 300,
  };
  const name = 'names' in question && question.names !== undefined ? 'some labelSets' : question.kind;
  await add('task', name, encodeTask(task));
  const signal = new AbortController().signal;
  const result = await executeTask(task, { open: async () => block, signal, pause: () => Promise.resolve() });
  await add('partial result', name, encodePartialResult(result));
}

const token = { logId: 'golden-log', offsets: new Map([[0, 5_000_000_000], [5, 0]]) };
await add('commit token', 'two partitions', new TextEncoder().encode(sealCommitToken(GOLDEN_KEYS, token)));
const partitions = [0, 255].map((partition) => ({
  root: { logId: 'golden-log', partition },
  manifest: { ...EMPTY_MANIFEST, version: 7 + partition },
  segments: [],
  next: 5_000_000_000,
}));
const name = sealSnapshotName(GOLDEN_KEYS, { partitions });
await add('snapshot name', 'two partitions', new TextEncoder().encode(name));

const content = { zstd: process.versions.zstd, goldens };
writeFileSync(`${import.meta.dirname}/wire-v${version}.json`, `${JSON.stringify(content, undefined, 1)}\n`, { flag: 'wx' });
