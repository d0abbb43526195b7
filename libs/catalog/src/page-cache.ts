/**
 * Reads index pages. Each store keeps the pages that were read of it last, decoded, up to a number of bytes: they are immutable and have
 * random names, so that there is nothing to invalidate.
 */
import { FlamelakeError, type ObjectStore } from '@flamelake/model';
import { decodeIndexPage, type IndexPage } from './index-page.ts';

/** How large what the catalog writes may get, and what it keeps. */
export interface CatalogLimits {
  /** Encoded manifest from which on its blocks go to index pages. */
  readonly manifestBytes: number;
  /** Encoded day page from which on its datasets go to dataset pages. */
  readonly dayPageBytes: number;
  /** Datasets in one dataset page. */
  readonly pageDatasets: number;
  /** JSON of the pages that are kept in memory of one store. */
  readonly cacheBytes: number;
}

/** 256 KiB, 128 KiB, 8,192 datasets, 64 MiB. */
export const CATALOG_LIMITS_DEFAULT: CatalogLimits = {
  manifestBytes: 262_144,
  dayPageBytes: 131_072,
  pageDatasets: 8_192,
  cacheBytes: 67_108_864,
};

interface Kept {
  readonly page: Promise<IndexPage>;
  /** 0 while it is read. */
  bytes: number;
}

interface StorePages {
  limits: CatalogLimits;
  /** Least recently used first. */
  readonly pages: Map<string, Kept>;
  bytes: number;
}

const stores = new WeakMap<ObjectStore, StorePages>();

/** Sets limits for one store, whoever uses it. @param limits - what differs from `CATALOG_LIMITS_DEFAULT` */
export function limitCatalog(store: ObjectStore, limits: Partial<CatalogLimits>): void {
  const own = pagesOf(store);
  own.limits = { ...own.limits, ...limits };
}

/** Lets another view of a store have its limits and its pages. */
export function shareCatalog(view: ObjectStore, store: ObjectStore): void {
  stores.set(view, pagesOf(store));
}

export function catalogLimits(store: ObjectStore): CatalogLimits {
  return pagesOf(store).limits;
}

/**
 * Reads a page, or answers it from memory.
 * @throws {FlamelakeError} `not_found` when it is gone: it was swept, so there is a newer manifest to start from; `data_loss` when it
 *   cannot be read
 */
export async function loadPage<Kind extends IndexPage['kind']>(
  store: ObjectStore,
  key: string,
  kind: Kind,
): Promise<Extract<IndexPage, { kind: Kind }>> {
  const own = pagesOf(store);
  let kept = own.pages.get(key);
  if (kept === undefined) kept = read(own, store, key, kind);
  else own.pages.delete(key);
  own.pages.set(key, kept);
  const page = await kept.page;
  if (page.kind !== kind) throw new FlamelakeError('data_loss', 'index page is of another kind', { key });
  return page as Extract<IndexPage, { kind: Kind }>;
}

/**
 * The same from the store itself, whatever is kept in memory.
 * @returns the page, and how many bytes of JSON it was
 */
export async function readPage<Kind extends IndexPage['kind']>(
  store: ObjectStore,
  key: string,
  kind?: Kind,
): Promise<{ readonly page: Extract<IndexPage, { kind: Kind }>; readonly jsonBytes: number }> {
  const object = await store.get(key);
  if (object === undefined) throw new FlamelakeError('not_found', 'index page is gone', { key });
  return decodeIndexPage(object.bytes, key, kind);
}

function pagesOf(store: ObjectStore): StorePages {
  let own = stores.get(store);
  if (own === undefined) {
    own = { limits: CATALOG_LIMITS_DEFAULT, pages: new Map(), bytes: 0 };
    stores.set(store, own);
  }
  return own;
}

function read(own: StorePages, store: ObjectStore, key: string, kind: IndexPage['kind']): Kept {
  const reading = readPage(store, key, kind);
  const kept: Kept = { page: reading.then(({ page }) => page), bytes: 0 };
  reading.then(
    ({ jsonBytes }) => {
      kept.bytes = jsonBytes;
      own.bytes += jsonBytes;
      forgetOldest(own);
    },
    () => own.pages.delete(key),
  );
  return kept;
}

function forgetOldest(own: StorePages): void {
  for (const [key, { bytes }] of own.pages) {
    if (own.bytes <= own.limits.cacheBytes) return;
    if (bytes === 0) continue;
    own.pages.delete(key);
    own.bytes -= bytes;
  }
}
