/**
 * What a tenant changes by itself – settings, uploaded files, records of deletes – is kept as a chain of versions like the catalog's:
 *
 *     tenants/<tenant, percent-encoded>/<name>/<10^20 − 1 − version>
 *     { "formatVersion": 1, "version": …, "commitIds": [the last 64], "value": … }
 *
 * The newest version sorts first and is the only one that counts; a commit counts when its id is in it. So versions that nobody can look
 * for any more may be deleted: a put that comes late to a deleted key lies below the newest and changes nothing.
 */
import { type Clock, FlamelakeError, type ObjectStore, type Random } from '@flamelake/model';
import { descendingKey } from './keys.ts';
import { randomId } from './random-id.ts';

export interface DocumentName {
  readonly tenant: string;
  /** Path of lower-case words, digits, `-` and `/`. */
  readonly name: string;
}

interface Version {
  readonly version: number;
  readonly commitIds: readonly string[];
  readonly value: unknown;
}

/** Prefix of all documents. */
export const TENANTS_PREFIX = 'tenants/';

const FORMAT_VERSION = 1;
const COMMIT_IDS_MAX = 64;
/** Attempts before which somebody else committed. */
const LOST_MAX = 20;
/** Attempts in a row after which nothing new is there: the store does not take puts. */
const UNANSWERED_MAX = 5;
/** Longest wait before the second attempt; it doubles with each further one. */
const DELAY_MS = 50;
const DELAY_MS_MAX = 1_000;
/** Reads of a newest version that is superseded and deleted meanwhile. */
const READS_MAX = 20;
/** Largest document, 4 MiB. */
export const DOCUMENT_BYTES_MAX = 4_194_304;
const NEVER: Version = { version: 0, commitIds: [], value: undefined };

/**
 * The newest value; undefined when there was never one.
 * @throws {FlamelakeError} `data_loss` when it cannot be read, `failed_precondition` when a newer release wrote it
 */
export async function readDocument(store: ObjectStore, document: DocumentName): Promise<unknown> {
  return (await newest(store, document)).value;
}

export interface DocumentContext {
  readonly store: ObjectStore;
  readonly random: Random;
  readonly clock: Clock;
}

/**
 * Changes a document, whoever else changes it at the time.
 * @param change - from the newest value to the next; called again when another change comes first; may throw to leave it as it is
 * @returns the value it became
 * @throws {FlamelakeError} `unavailable` when the store does not take it: it may be changed, or come to be; `aborted` when others always
 *   come first; `resource_exhausted` over DOCUMENT_BYTES_MAX
 */
export async function changeDocument(
  { store, random, clock }: DocumentContext,
  document: DocumentName,
  change: (value: unknown) => unknown,
): Promise<unknown> {
  const id = randomId(random);
  for (let lost = 0, unanswered = 0; ; ) {
    const current = await newest(store, document);
    if (current.commitIds.includes(id)) return current.value;
    const next: Version = {
      version: current.version + 1,
      commitIds: [...current.commitIds, id].slice(-COMMIT_IDS_MAX),
      value: change(current.value),
    };
    const cause = await putUnsure(store, keyOf(document, next.version), encode(document, next));
    const after = await newest(store, document);
    if (after.commitIds.includes(id)) {
      await deleteOld(store, document, after.version);
      return after.value;
    }
    // What the put answered proves nothing: others came first only if there is a version of theirs.
    const isLost = after.version > current.version;
    lost += isLost ? 1 : 0;
    unanswered = isLost ? 0 : unanswered + 1;
    if (unanswered === UNANSWERED_MAX) {
      const details = { ...document, attempts: lost + unanswered, retryAfterSeconds: 1 };
      throw new FlamelakeError('unavailable', STORE_SILENT, details, { cause });
    }
    if (lost === LOST_MAX) throw new FlamelakeError('aborted', OTHERS_FIRST, { ...document, attempts: lost });
    await clock.sleep(random.fraction() * Math.min(DELAY_MS_MAX, DELAY_MS * 2 ** (lost + unanswered - 1)));
  }
}

const STORE_SILENT = 'object store does not take the change; it may yet come to be: look at it, or send it again';
const OTHERS_FIRST = 'document is changed by others each time; send the change again';

/** Whether a put did its work is read from the store. @returns the error of one that went unanswered; what must not go unsaid is thrown */
async function putUnsure(store: ObjectStore, key: string, body: Uint8Array): Promise<FlamelakeError | undefined> {
  try {
    await store.putIfAbsent(key, body);
    return undefined;
  } catch (error) {
    if (error instanceof FlamelakeError && error.code === 'unavailable') return error;
    throw error;
  }
}

/** One version a commit: so many are kept that each writer finds its id in the newest. */
async function deleteOld(store: ObjectStore, document: DocumentName, version: number): Promise<void> {
  const kept = version - COMMIT_IDS_MAX;
  if (kept <= 0) return;
  const old = await store.list(prefixOf(document), { startAfter: keyOf(document, kept + 1), limit: 1_000 });
  await store.delete(old.map(({ key }) => key));
}

async function newest(store: ObjectStore, document: DocumentName): Promise<Version> {
  for (let attempt = 0; attempt < READS_MAX; attempt++) {
    const [listed] = await store.list(prefixOf(document), { limit: 1 });
    if (listed === undefined) return NEVER;
    const object = await store.get(listed.key);
    // Absent: superseded and deleted between the two.
    if (object !== undefined) return decode(object.bytes, listed.key);
  }
  throw new FlamelakeError('unavailable', 'newest version vanishes whenever it is read', { ...document });
}

function prefixOf({ tenant, name }: DocumentName): string {
  return `${TENANTS_PREFIX}${encodeURIComponent(tenant)}/${name}/`;
}

function keyOf(document: DocumentName, version: number): string {
  return descendingKey(prefixOf(document), version);
}

function encode(document: DocumentName, version: Version): Uint8Array {
  const bytes = Buffer.from(JSON.stringify({ formatVersion: FORMAT_VERSION, ...version }));
  if (bytes.length > DOCUMENT_BYTES_MAX) {
    throw new FlamelakeError('resource_exhausted', 'document is too large', {
      ...document,
      bytes: bytes.length,
      limitBytes: DOCUMENT_BYTES_MAX,
    });
  }
  return bytes;
}

function decode(bytes: Uint8Array, key: string): Version {
  let read: { formatVersion?: unknown; version?: unknown; commitIds?: unknown; value?: unknown };
  try {
    read = JSON.parse(Buffer.from(bytes).toString('utf8')) ?? {};
  } catch (cause) {
    throw new FlamelakeError('data_loss', 'document cannot be read', { key }, { cause });
  }
  const { formatVersion, version, commitIds, value } = read;
  if (typeof formatVersion === 'number' && formatVersion > FORMAT_VERSION) {
    throw new FlamelakeError('failed_precondition', 'document was written by a newer release', { key, formatVersion });
  }
  if (
    typeof version !== 'number' ||
    !Array.isArray(commitIds) ||
    descendingKey('', version) !== key.slice(key.lastIndexOf('/') + 1)
  ) {
    throw new FlamelakeError('data_loss', 'document cannot be read', { key });
  }
  return { version, commitIds: commitIds.map(String), value };
}
