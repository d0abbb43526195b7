/**
 * Profiles that people upload to look at. The list of a tenant's is a document, each file an object of its own beside it:
 *
 *     tenants/<tenant, percent-encoded>/ad-hoc/list/…          (tenant-document.ts)
 *     tenants/<tenant, percent-encoded>/ad-hoc/files/<ULID>    the file as uploaded
 *
 * A file is there when the list has it. It is put first and listed then, and taken off the list first and deleted then; what a crash
 * leaves in between is deleted when the list next changes, or is swept.
 */
import { changeDocument, type DocumentName, readDocument, TENANTS_PREFIX } from '@flamelake/catalog';
import { type Clock, FlamelakeError, type ObjectStore, type Random } from '@flamelake/model';
import type { DrawFiles } from './draw-aside.ts';
import type { DrawnFiles } from './draw-files.ts';
import { ULID_PATTERN, ulid, ulidTimeMs } from './ulid.ts';

export interface AdHocProfile {
  /** ULID and name: `01J…-heap.pb.gz` */
  readonly id: string;
  /** As given. */
  readonly name: string;
  /** ms since 1970. */
  readonly uploadedAtMs: number;
}

export interface DrawnProfile extends AdHocProfile, DrawnFiles {}

/** What is wanted of a file, or of two. */
export interface DrawChoice {
  /** undefined: the one the file is mostly looked at for. */
  readonly profileType?: string | undefined;
  /** undefined or 0: as many nodes as a query's flame graph has. */
  readonly maxNodes?: number | undefined;
}

export interface AdHocProfiles {
  /** @throws {FlamelakeError} `invalid_argument` when it is too large, or no profile; nothing is kept then */
  upload(
    tenant: string,
    file: { readonly name: string; readonly bytes: Uint8Array } & DrawChoice,
    signal: AbortSignal,
  ): Promise<DrawnProfile>;
  /** @throws {FlamelakeError} `invalid_argument` on what is no id, `not_found` */
  get(tenant: string, id: string, choice: DrawChoice, signal: AbortSignal): Promise<DrawnProfile>;
  /** Newest first. */
  list(tenant: string): Promise<readonly AdHocProfile[]>;
  /** @throws {FlamelakeError} as `get`, and `invalid_argument` when both have no type in common */
  diff(
    tenant: string,
    ids: { readonly left: string; readonly right: string },
    choice: DrawChoice,
    signal: AbortSignal,
  ): Promise<DrawnFiles>;
  /** One that is not there is no error. */
  delete(tenant: string, id: string): Promise<void>;
  /** Deletes all that were uploaded in `[fromMs, untilMs)`. */
  deleteAll(tenant: string, range: { readonly fromMs: number; readonly untilMs: number }): Promise<void>;
  /** Deletes what is expired, and what a crash left. @returns files deleted */
  sweep(tenant: string): Promise<number>;
}

export interface AdHocLimits {
  /** Files kept; the oldest makes way for one more. */
  readonly filesMax: number;
  /** One file as uploaded. */
  readonly fileBytesMax: number;
  /** Files uploaded before are gone, ms since 1970. */
  readonly expireBeforeMs: number;
  /** Nodes of a flame graph: when nothing is said, and at most. */
  readonly nodesDefault: number;
  readonly nodesMax: number;
}

export interface AdHocContext {
  readonly store: ObjectStore;
  readonly random: Random;
  readonly clock: Clock;
  readonly limits: (tenant: string) => AdHocLimits;
  readonly draw: DrawFiles;
}

const NAME_LENGTH_MAX = 255;
const ID = new RegExp(`^${ULID_PATTERN}-[A-Za-z0-9._-]{0,${NAME_LENGTH_MAX}}$`);
const ULID_LENGTH = 26;
/** Files younger than this may be about to be listed. */
const UNLISTED_MS_MIN = 3_600_000;

export function createAdHocProfiles(context: AdHocContext): AdHocProfiles {
  const { store, random, clock, limits, draw } = context;

  const kept = async (tenant: string): Promise<readonly AdHocProfile[]> => {
    const { expireBeforeMs } = limits(tenant);
    return listOf(await readDocument(store, listName(tenant))).filter((one) => one.uploadedAtMs >= expireBeforeMs);
  };
  const find = async (tenant: string, id: string): Promise<AdHocProfile> => {
    checkId(id);
    const found = (await kept(tenant)).find((one) => one.id === id);
    if (found === undefined) throw gone(id);
    return found;
  };
  const read = async (tenant: string, { id, name }: AdHocProfile) => {
    const object = await store.get(fileKey(tenant, id));
    if (object === undefined) throw gone(id);
    return { name, bytes: object.bytes };
  };
  /** Deletes files that are in no list and not about to be. @returns how many */
  const deleteUnlisted = async (tenant: string, listed: readonly AdHocProfile[]): Promise<number> => {
    const keys = new Set(listed.map(({ id }) => fileKey(tenant, id)));
    const objects = await store.list(filesPrefix(tenant), { limit: 1_000 });
    const before = clock.nowMs() - UNLISTED_MS_MIN;
    const unlisted = objects.filter(({ key }) => !keys.has(key) && ulidTimeMs(key.slice(-ULID_LENGTH)) < before);
    await store.delete(unlisted.map(({ key }) => key));
    return unlisted.length;
  };
  /** Keeps some files; deletes the others, and what a crash left of earlier ones. @returns how many it deleted */
  const keepSome = async (
    tenant: string,
    keep: (files: readonly AdHocProfile[]) => readonly AdHocProfile[],
  ): Promise<number> => {
    let removed: readonly AdHocProfile[] = [];
    const listed = await changeDocument(context, listName(tenant), (value) => {
      const files = listOf(value);
      const stay = keep(files);
      removed = files.filter((one) => !stay.includes(one));
      return stay;
    });
    await store.delete(removed.map((one) => fileKey(tenant, one.id)));
    return removed.length + (await deleteUnlisted(tenant, listOf(listed)));
  };
  const nodesOf = (tenant: string, maxNodes: number | undefined): number => {
    const { nodesDefault, nodesMax } = limits(tenant);
    if (maxNodes !== undefined && maxNodes < 0) throw wrong('max_nodes must not be negative', { maxNodes });
    return Math.min(maxNodes || nodesDefault, nodesMax);
  };

  return {
    async upload(tenant, { name, bytes, profileType, maxNodes }, signal) {
      const { filesMax, fileBytesMax, expireBeforeMs } = limits(tenant);
      if (name.length > NAME_LENGTH_MAX) {
        throw wrong('name of the file is too long', { length: name.length, limit: NAME_LENGTH_MAX });
      }
      if (bytes.length > fileBytesMax) {
        const details = { bytes: bytes.length, limitBytes: fileBytesMax, key: 'ad-hoc.file-size-max' };
        throw wrong('uploaded file is larger than the limit', details);
      }
      const drawn = await draw({ files: [{ name, bytes }], profileType, maxNodes: nodesOf(tenant, maxNodes) }, signal);
      const uploadedAtMs = clock.nowMs();
      const id = `${ulid(uploadedAtMs, random)}-${name.replaceAll(/[^A-Za-z0-9._-]/g, '_')}`;
      const file: AdHocProfile = { id, name, uploadedAtMs };
      await store.put(fileKey(tenant, id), bytes);
      await keepSome(tenant, (files) => {
        const all = [...files.filter((one) => one.id !== id), file];
        return all.filter((one) => one.uploadedAtMs >= expireBeforeMs).slice(-filesMax);
      });
      return { ...file, ...drawn };
    },
    async get(tenant, id, { profileType, maxNodes }, signal) {
      const file = await find(tenant, id);
      const nodes = nodesOf(tenant, maxNodes);
      return { ...file, ...(await draw({ files: [await read(tenant, file)], profileType, maxNodes: nodes }, signal)) };
    },
    list: async (tenant) => (await kept(tenant)).toReversed(),
    async diff(tenant, { left, right }, { profileType, maxNodes }, signal) {
      const found = [await find(tenant, left), await find(tenant, right)];
      const files = await Promise.all(found.map((file) => read(tenant, file)));
      return draw({ files, profileType, maxNodes: nodesOf(tenant, maxNodes) }, signal);
    },
    async delete(tenant, id) {
      checkId(id);
      if (!listOf(await readDocument(store, listName(tenant))).some((one) => one.id === id)) return;
      await keepSome(tenant, (files) => files.filter((one) => one.id !== id));
    },
    async deleteAll(tenant, { fromMs, untilMs }) {
      const isMeant = ({ uploadedAtMs }: AdHocProfile) => uploadedAtMs >= fromMs && uploadedAtMs < untilMs;
      if (!listOf(await readDocument(store, listName(tenant))).some(isMeant)) return;
      await keepSome(tenant, (files) => files.filter((one) => !isMeant(one)));
    },
    async sweep(tenant) {
      const { expireBeforeMs } = limits(tenant);
      const listed = listOf(await readDocument(store, listName(tenant)));
      const isKept = ({ uploadedAtMs }: AdHocProfile) => uploadedAtMs >= expireBeforeMs;
      if (listed.every(isKept)) return deleteUnlisted(tenant, listed);
      return keepSome(tenant, (files) => files.filter(isKept));
    },
  };
}

function listName(tenant: string): DocumentName {
  return { tenant, name: 'ad-hoc/list' };
}

function filesPrefix(tenant: string): string {
  return `${TENANTS_PREFIX}${encodeURIComponent(tenant)}/ad-hoc/files/`;
}

function fileKey(tenant: string, id: string): string {
  return filesPrefix(tenant) + id.slice(0, ULID_LENGTH);
}

/** In the order of uploading. */
function listOf(value: unknown): readonly AdHocProfile[] {
  return value === undefined ? [] : (value as readonly AdHocProfile[]);
}

function checkId(id: string): void {
  if (!ID.test(id)) throw wrong('id is of no uploaded profile', { id: id.slice(0, NAME_LENGTH_MAX) });
}

function gone(id: string): FlamelakeError {
  return new FlamelakeError('not_found', 'uploaded profile is not there, or no more', { id });
}

function wrong(message: string, details: FlamelakeError['details']): FlamelakeError {
  return new FlamelakeError('invalid_argument', message, details);
}
