/**
 * Builds a block: from pushed profiles (a segment), or from other blocks (a fold or merge), or both.
 * Nothing is dropped or summed up: every profile added is a profile of the block.
 */
import { ByteWriter, type ProfileRecord } from '@flamelake/formats';
import { compareBytes, FlamelakeError } from '@flamelake/model';
import { addDataset } from './add-dataset.ts';
import { addProfile, sumGroups } from './add-profile.ts';
import { IDENTITY_BYTES, writeIdentities, writeQuarantine } from './block-sections.ts';
import { checkRecord } from './check-record.ts';
import { encodeContents } from './contents.ts';
import {
  clearDatasetState,
  createDatasetState,
  type DatasetState,
  estimateBytes,
  memoryBytes,
} from './dataset-state.ts';
import { type EncodedDataset, encodeDataset } from './encode-dataset.ts';
import { encodeFooter } from './footer.ts';
import { createIdentityList } from './identity-list.ts';
import { tailBytesOf, writeLabels } from './labels-section.ts';
import { createPageWriter, endPage, type PageWriter } from './page-writer.ts';
import { createSizeSum } from './size-sum.ts';
import type {
  BlockInfo,
  BlockReader,
  DatasetInfo,
  DatasetReader,
  IdentityColumns,
  LogRange,
  QuarantinedRecord,
  Series,
} from './types.ts';

/** Of zstd: segments are built on the way of every profile and live for seconds; what is folded is read for days. */
const SEGMENT_ZSTD_LEVEL = 1;
const FOLDED_ZSTD_LEVEL = 5;

/** Memory of datasets kept for the next block. */
const KEPT_BYTES_MAX = 33_554_432;

/** What of a block is added; what is left out keeps all. */
export interface RowFilter {
  /** Asked once for each dataset, before anything of it is read. */
  readonly dataset?: (dataset: DatasetInfo) => boolean;
  /** Asked once for each profile row. */
  readonly row?: (dataset: DatasetInfo, series: Series, timeMs: number) => boolean;
}

/** Identities of a block whose profiles are added, perhaps to several others. */
export interface InputIdentities {
  readonly columns: IdentityColumns;
  /** By identity, set to 1 when a profile that has it is added. */
  readonly isTaken: Uint8Array;
}

/** What a block says of itself. */
export interface BlockHeader {
  /** 32 lower-case hex digits, random. */
  readonly id: string;
  readonly level: number;
  readonly log: LogRange;
  /** Width of the windows of profile time whose values are summed up by stack, ms; none are when it is left out. */
  readonly totalsMs?: number;
}

export interface BuiltBlock {
  /** The object; owned by the caller. */
  readonly bytes: Uint8Array;
  readonly info: BlockInfo;
  /** Of the block's reader. */
  readonly tailBytes: number;
}

export interface BlockBuilder {
  /** Pushed profiles added so far, those of added blocks included. */
  readonly profileCount: number;
  /** Whether nothing was added: no profile, identity or record. */
  readonly isEmpty: boolean;
  /** Rough estimate of the object's bytes, usually above what `build` makes. */
  readonly sizeBytes: number;
  /** Bytes of memory held for what was added, and for what comes next. `build` needs about as much again. */
  readonly memoryBytes: number;
  /**
   * Adds a pushed profile; copies what it keeps.
   * @param offset - of its record in the log
   * @throws {FlamelakeError} `invalid_argument` when the record refers to what it does not hold or has a negative value,
   *   `out_of_range` when a sum leaves int64; nothing of it is added then
   */
  addProfile(profile: ProfileRecord, offset: number): void;
  /**
   * Adds the profiles of a block and their identities. Neither its other identities nor its quarantine are taken.
   * @throws {FlamelakeError} what reading the block throws; throw the builder away then
   */
  addBlock(block: BlockReader, filter?: RowFilter): Promise<void>;
  /**
   * Adds the kept profiles of one dataset of a block, with their identities.
   * @param input - the block it is of
   * @throws {FlamelakeError} what reading throws; throw the builder away then
   */
  addDataset(dataset: DatasetReader, input: InputIdentities, keepRow?: RowFilter['row']): Promise<void>;
  /**
   * Adds identities that no profile of this block has: those of deleted and expired profiles.
   * @param isTaken - by identity, 1 for those to leave out; none by default
   */
  addIdentities(identities: IdentityColumns, isTaken?: Uint8Array): void;
  /** Keeps a record that could not be decoded; copies its bytes. */
  addQuarantined(record: QuarantinedRecord): void;
  /** Encodes everything added so far; may be called again after adding more. */
  build(header: BlockHeader): BuiltBlock;
  /**
   * The same a few milliseconds at a time: each step encodes a few sections, the last returns the block. For whoever must not hold up
   * an event loop. Nothing may be added between the steps.
   */
  buildInSteps(header: BlockHeader): Generator<undefined, BuiltBlock>;
  /** Forgets everything added. Memory of its datasets stays for their next profiles, 32 MiB at most; what none came for is let go. */
  clear(): void;
}

/** @param options - `hashSeed`: any random number; makes collisions unforeseeable, changes no byte of the block */
export function createBlockBuilder(options: { readonly hashSeed?: number } = {}): BlockBuilder {
  const seed = (options.hashSeed ?? 0) | 0;
  const datasets = new Map<string, DatasetState>();
  let identities = createIdentityList();
  const quarantine: QuarantinedRecord[] = [];
  let profileCount = 0;
  let quarantineBytes = 0;
  const encodedSizes = createSizeSum(estimateBytes);
  const memorySizes = createSizeSum(memoryBytes);

  const datasetOf = (tenant: string, service: string): DatasetState => {
    const key = `${tenant.length}:${tenant}${service}`;
    let state = datasets.get(key);
    if (state === undefined) {
      state = createDatasetState(tenant, service, seed);
      datasets.set(key, state);
    }
    encodedSizes.touch(state);
    memorySizes.touch(state);
    return state;
  };

  async function addDatasetOf(
    reader: DatasetReader,
    { columns, isTaken }: InputIdentities,
    keepRow?: RowFilter['row'],
  ): Promise<void> {
    const { tenant, service } = reader.info;
    const identityOf = (old: number): number => {
      isTaken[old] = 1;
      const at = old * IDENTITY_BYTES;
      return identities.add(columns.ids.subarray(at, at + IDENTITY_BYTES), columns.offsets[old]);
    };
    profileCount += await addDataset(() => datasetOf(tenant, service), reader, identityOf, keepRow);
  }

  function* buildInSteps(header: BlockHeader): Generator<undefined, BuiltBlock> {
    if (!/^[0-9a-f]{32}$/.test(header.id)) {
      throw new FlamelakeError('invalid_argument', 'block id must be 32 lower-case hex digits', { id: header.id });
    }
    const level = header.level === 0 ? SEGMENT_ZSTD_LEVEL : FOLDED_ZSTD_LEVEL;
    const { columns, number } = identities.sorted();
    const states = [...datasets.values()]
      .filter((state) => state.rows.series.count > 0)
      .sort((a, b) => compareBytes(a.tenant, b.tenant) || compareBytes(a.service, b.service));
    const encoded: EncodedDataset[] = [];
    const raw = new ByteWriter();
    for (const state of states) {
      encoded.push(yield* encodeDataset(state, { ids: columns.ids, number }, level, raw, header.totalsMs));
    }
    const blockWide = createPageWriter(level, raw);
    writeIdentities(blockWide, columns);
    endPage(blockWide);
    const records = [...quarantine].sort((a, b) => a.offset - b.offset);
    writeQuarantine(blockWide, records);
    endPage(blockWide);
    writeLabels(blockWide, encoded);
    endPage(blockWide);
    const info: BlockInfo = {
      id: header.id,
      level: header.level,
      log: header.log,
      datasets: encoded.map((dataset) => dataset.info),
    };
    return { ...assemble(info, encoded, blockWide), info };
  }

  return {
    get profileCount() {
      return profileCount;
    },
    get isEmpty() {
      return identities.count === 0 && quarantine.length === 0;
    },
    get sizeBytes() {
      return 512 + quarantineBytes + identities.count * (IDENTITY_BYTES + 4) + encodedSizes.total();
    },
    get memoryBytes() {
      return quarantineBytes + identities.memoryBytes + memorySizes.total();
    },
    addProfile(profile, offset) {
      checkRecord(profile);
      const totals = sumGroups(profile);
      const identity = identities.add(profile.identity, offset);
      profileCount++;
      if (totals.some((group) => group.some((total) => total !== 0n))) {
        addProfile(datasetOf(profile.tenant, profile.service), profile, totals, identity);
      }
    },
    addDataset: addDatasetOf,
    async addBlock(block, filter = {}) {
      const columns = await block.identities();
      const input = { columns, isTaken: new Uint8Array(columns.count) };
      for (const [index, info] of block.info.datasets.entries()) {
        if (filter.dataset?.(info) === false) continue;
        await addDatasetOf(block.dataset(index), input, filter.row);
      }
    },
    addIdentities({ count, ids, offsets }, isTaken) {
      for (let i = 0; i < count; i++) {
        if (isTaken?.[i] === 1) continue;
        identities.add(ids.subarray(i * IDENTITY_BYTES, (i + 1) * IDENTITY_BYTES), offsets[i]);
      }
    },
    addQuarantined({ offset, reason, value }) {
      quarantine.push({ offset, reason, value: value.slice() });
      quarantineBytes += value.length + reason.length + 64;
    },
    build(header) {
      const steps = buildInSteps(header);
      let step = steps.next();
      while (step.done !== true) step = steps.next();
      return step.value;
    },
    buildInSteps,
    clear() {
      identities = createIdentityList();
      quarantine.length = 0;
      profileCount = 0;
      quarantineBytes = 0;
      encodedSizes.clear();
      memorySizes.clear();
      for (const [key, state] of datasets) {
        const isUsed = state.rows.series.count > 0;
        clearDatasetState(state);
        if (isUsed && memorySizes.total() + memoryBytes(state) <= KEPT_BYTES_MAX) memorySizes.touch(state);
        else datasets.delete(key);
      }
    },
  };
}

/** Pages in the order of the contents, then the footer. */
function assemble(
  info: BlockInfo,
  datasets: readonly EncodedDataset[],
  blockWide: PageWriter,
): Omit<BuiltBlock, 'info'> {
  const writers = [...datasets.map(({ writer }) => writer), blockWide];
  const contents = { info, datasets: datasets.map(({ writer }) => writer.pages), block: blockWide.pages };
  const parts = writers.map(({ out }) => out.view());
  const footer = encodeFooter(encodeContents(contents, blockWide.level));
  parts.push(footer);
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return { bytes: whole, tailBytes: tailBytesOf(contents.block, footer.length) };
}
