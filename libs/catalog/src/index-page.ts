/**
 * Index pages: what a manifest knows of its blocks, where that does not fit into the manifest itself. A tree of three levels:
 *
 *     manifest       a `DayRef` for each day of profile time
 *     day page       the blocks of a day, with their datasets while these are few
 *     dataset page   datasets of these blocks, sorted by tenant and service
 *
 * A page is immutable and named by a random id. As bytes it is framed JSON (framed-json.ts) with the magic "FLIX".
 */
import type { DatasetInfo } from '@flamelake/block';
import { FlamelakeError } from '@flamelake/model';
import { decodeFramed, encodeFramed, type FramedKind } from './framed-json.ts';
import type { BlockEntry, TimeSpan } from './types.ts';

/** A live block as the page of its day names it. */
export interface DayBlock extends Omit<BlockEntry, 'datasets'> {
  /** Of all its profiles; absent when it holds none. */
  readonly times?: TimeSpan;
  /** Bytes of the tenants with the most, and of all others under an empty name. */
  readonly tenants: readonly TenantBytes[];
  /** Absent when they are in dataset pages. */
  readonly datasets?: readonly DatasetInfo[] | undefined;
}

export type TenantBytes = readonly [tenant: string, bytes: number];

/** Tenant and service: what dataset pages are sorted by. */
export type DatasetName = readonly [tenant: string, service: string];

export interface DatasetPageRef extends TimeSpan {
  readonly key: string;
  readonly sizeBytes: number;
  /** Names of its first and its last dataset. */
  readonly first: DatasetName;
  readonly last: DatasetName;
  /** Ids of the blocks it has datasets of; one at least is live. */
  readonly blocks: readonly string[];
}

export interface DayPage {
  readonly kind: 'day';
  readonly blocks: readonly DayBlock[];
  readonly pages: readonly DatasetPageRef[];
}

/** Datasets by column; those of blocks that are no longer live may be among them. */
export interface DatasetPage {
  readonly kind: 'datasets';
  /** Ids. */
  readonly blocks: readonly string[];
  readonly tenants: readonly string[];
  readonly services: readonly string[];
  readonly types: readonly (readonly string[])[];
  /** Index into the lists above, by dataset. */
  readonly block: readonly number[];
  readonly tenant: readonly number[];
  readonly service: readonly number[];
  readonly typeList: readonly number[];
  readonly minTimeMs: readonly number[];
  /** Last time less first. */
  readonly spanMs: readonly number[];
  readonly sizeBytes: readonly number[];
}

export type IndexPage = DayPage | DatasetPage;

const KIND: FramedKind = { name: 'index page', magic: 0x5849_4c46, versionMax: 1 };

export function encodeIndexPage(page: IndexPage): Uint8Array {
  return encodeFramed(KIND, KIND.versionMax, page);
}

/**
 * @param key - names the object in errors
 * @param kind - which it must be; either unless given
 * @returns the page, and how many bytes of JSON it was
 * @throws {FlamelakeError} `data_loss` on bytes that are no such page, `failed_precondition` on one of a newer release
 */
export function decodeIndexPage<Kind extends IndexPage['kind']>(
  bytes: Uint8Array,
  key: string,
  kind?: Kind,
): { readonly page: Extract<IndexPage, { kind: Kind }>; readonly jsonBytes: number } {
  const { value, jsonBytes } = decodeFramed(bytes, KIND, key);
  const page = value as IndexPage;
  if (kind !== undefined && page.kind !== kind)
    throw new FlamelakeError('data_loss', 'index page is of another kind', { key });
  if (page.kind === 'datasets') checkColumns(page, key);
  return { page: page as Extract<IndexPage, { kind: Kind }>, jsonBytes };
}

/** @param datasets - sorted by `compareNames` */
export function datasetPage(
  datasets: readonly { readonly blockId: string; readonly info: DatasetInfo }[],
): DatasetPage {
  const [blocks, tenants, services, types] = [numbering(), numbering(), numbering(), numbering()];
  const infos = datasets.map(({ info }) => info);
  const page = {
    block: datasets.map(({ blockId }) => blocks.of(blockId)),
    tenant: infos.map(({ tenant }) => tenants.of(tenant)),
    service: infos.map(({ service }) => services.of(service)),
    typeList: infos.map(({ profileTypes }) => types.of(JSON.stringify(profileTypes))),
    minTimeMs: infos.map(({ minTimeMs }) => minTimeMs),
    spanMs: infos.map(({ minTimeMs, maxTimeMs }) => maxTimeMs - minTimeMs),
    sizeBytes: infos.map(({ sizeBytes }) => sizeBytes),
  };
  return {
    kind: 'datasets',
    blocks: blocks.all(),
    tenants: tenants.all(),
    services: services.all(),
    types: types.all().map((list): readonly string[] => JSON.parse(list)),
    ...page,
  };
}

/** A dataset of a page. @param index - below the length of its columns */
export function datasetAt(page: DatasetPage, index: number): DatasetInfo {
  const minTimeMs = page.minTimeMs[index];
  return {
    tenant: page.tenants[page.tenant[index]],
    service: page.services[page.service[index]],
    minTimeMs,
    maxTimeMs: minTimeMs + page.spanMs[index],
    profileTypes: page.types[page.typeList[index]],
    sizeBytes: page.sizeBytes[index],
  };
}

export function compareNames([tenantA, serviceA]: DatasetName, [tenantB, serviceB]: DatasetName): number {
  if (tenantA !== tenantB) return tenantA < tenantB ? -1 : 1;
  if (serviceA === serviceB) return 0;
  return serviceA < serviceB ? -1 : 1;
}

/** Every column as long as the others, every index within its list. */
function checkColumns(page: DatasetPage, key: string): void {
  const count = page.block.length;
  const indexes = [
    [page.block, page.blocks],
    [page.tenant, page.tenants],
    [page.service, page.services],
    [page.typeList, page.types],
  ] as const;
  const isSound =
    [page.minTimeMs, page.spanMs, page.sizeBytes].every(({ length }) => length === count) &&
    indexes.every(([column, list]) => column.length === count && column.every((index) => list[index] !== undefined));
  if (!isSound) throw new FlamelakeError('data_loss', 'index page has columns that do not fit together', { key });
}

function numbering() {
  const numbers = new Map<string, number>();
  return {
    of(value: string): number {
      const known = numbers.get(value);
      if (known !== undefined) return known;
      numbers.set(value, numbers.size);
      return numbers.size - 1;
    },
    all: (): readonly string[] => [...numbers.keys()],
  };
}
