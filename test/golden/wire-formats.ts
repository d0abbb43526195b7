/** What is stored or sent beside blocks: how each format is read into plain words, and written again. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import {
  decodeManifest,
  EMPTY_MANIFEST,
  openStore,
  STORE_KEY,
  type Snapshot,
  sealCommitToken,
  sealSnapshotName,
  unsealCommitToken,
  unsealSnapshotName,
} from '@flamelake/catalog';
import { decodeLogRecord, encodeLogRecord } from '@flamelake/formats';
import type { LogRecord } from '@flamelake/model';
import { createMemoryStore } from '@flamelake/object-store';
import { readFileLog } from '@flamelake/profile-log';
import {
  decodePartialResult,
  decodeTask,
  encodePartialResult,
  encodeTask,
  type PartialResult,
  renderFlamegraph,
  renderPprof,
} from '@flamelake/query';
import { nodeFileSystem, systemClock, systemRandom } from '@flamelake/runtime';
import { CPU_TYPE } from '@flamelake/testkit';

export interface WireFormat {
  /** What the bytes say; throws when this release cannot read them. */
  describe(bytes: Uint8Array): unknown;
  /** Reads and writes them again; absent where nothing writes the same twice. */
  rewrite?(bytes: Uint8Array): Uint8Array;
  /** Whether other versions of zstd may write other bytes. */
  readonly isCompressed?: boolean;
}

const KEYS = { seal: new Uint8Array(32).fill(1), hmac: new Uint8Array(32).fill(2) };
const NODES_MAX = 100_000;
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const bytesOf = (value: string): Uint8Array => new TextEncoder().encode(value);

export const WIRE_FORMATS: Readonly<Record<string, WireFormat>> = {
  'log record': {
    describe: decodeLogRecord,
    rewrite: (bytes) => encodeLogRecord(decodeLogRecord(bytes)),
    isCompressed: true,
  },
  'local log': { describe: describeLog },
  // Their JSON gains keys without a new version.
  manifest: { describe: (bytes) => decodeManifest(bytes, 'golden') },
  'store.json': { describe: describeStore },
  task: { describe: decodeTask, rewrite: (bytes) => encodeTask(decodeTask(bytes)) },
  'partial result': {
    describe: (bytes) => describeResult(decodePartialResult(bytes)),
    rewrite: (bytes) => encodePartialResult(decodePartialResult(bytes)),
  },
  'commit token': {
    describe: (bytes) => unsealCommitToken(KEYS, text(bytes)),
    rewrite: (bytes) => bytesOf(sealCommitToken(KEYS, unsealCommitToken(KEYS, text(bytes)))),
  },
  'snapshot name': {
    describe: (bytes) => unsealSnapshotName(KEYS, text(bytes)),
    rewrite: (bytes) => bytesOf(sealSnapshotName(KEYS, snapshotOf(unsealSnapshotName(KEYS, text(bytes))))),
  },
};

export { KEYS as GOLDEN_KEYS };

/** Values as JSON has them: numbers of any size as text, columns and maps as lists. */
export function plain(value: unknown): unknown {
  const json = JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === 'bigint') return String(inner);
    if (inner instanceof Map) return [...inner];
    if (ArrayBuffer.isView(inner)) return Array.from(inner as Uint8Array);
    return inner;
  });
  return JSON.parse(json);
}

function describeResult(result: PartialResult): unknown {
  switch (result.kind) {
    case 'functions':
      return renderFlamegraph(result.tree, NODES_MAX);
    case 'locations':
      return renderPprof(result.tree, { type: CPU_TYPE, startMs: 0, endMs: 1 });
    case 'timeSeries':
      return result.groups;
    case 'labelSets':
      return result.sets;
    case 'extent':
      return result.extent;
    case 'cells':
      return result.cells;
  }
}

function snapshotOf(partitions: ReturnType<typeof unsealSnapshotName>): Snapshot {
  return {
    partitions: partitions.map(({ root, version, next }) => ({
      root,
      manifest: { ...EMPTY_MANIFEST, version },
      segments: [],
      next,
    })),
  };
}

async function describeStore(bytes: Uint8Array): Promise<unknown> {
  const store = createMemoryStore({ clock: systemClock });
  await store.put(STORE_KEY, bytes);
  return openStore(store, systemRandom);
}

/** The one file of a log that begins with offset 0. */
async function describeLog(bytes: Uint8Array): Promise<unknown> {
  const directory = mkdtempSync(`${tmpdir()}/flamelake-golden-${randomUUID()}`);
  try {
    writeFileSync(`${directory}/${'0'.repeat(20)}.log`, bytes);
    const log = await readFileLog({ directory, fileSystem: nodeFileSystem });
    if (log === undefined) throw new Error('there is no log');
    const records: LogRecord[] = [];
    for await (const record of log.records()) records.push(record);
    return { id: log.id, start: log.start, records };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
