/**
 * Google Cloud Storage as a driver: by @google-cloud/storage, but for reads, which the client cannot cancel. Those are plain
 * requests with its credentials ("Objects: get" of the JSON API).
 */

import { type ByteRange, FlamelakeError, type ObjectInfo, type ObjectRange } from '@flamelake/model';
import type { Bucket } from '@google-cloud/storage';
import { resolveRange } from './byte-range.ts';
import { explainError } from './error-meanings.ts';
import { GCS_MEANINGS, gcsStatus, gcsStatusError, namedGcsError } from './gcs-errors.ts';
import { asBuffer, rangeHeader, totalOfRange, wholeSeconds } from './http-values.ts';
import { inParallel } from './in-parallel.ts';
import { readBody } from './read-body.ts';
import { FOLDERS_MAX, type RemoteCall, type RemoteDriver } from './remote-driver.ts';
import type { StoreClock } from './store-clock.ts';

/** One request an object, because the checksum is of the whole and an upload of one request is atomic. */
const SAVE = { resumable: false, validation: false, contentType: 'application/octet-stream' } as const;
/** Deletes under way at once: there is no bulk request. */
const DELETES = 16;
/** An object that is never there; asking for it tells the time. */
const ABSENT_KEY = 'probes/absent';

/** How a bucket is made: by IAM alone, never public. */
export interface GcsPlace {
  /** Project it belongs to; empty is none, and no bucket is made. */
  readonly project: string;
  /** Such as `EU` or `europe-west1`; empty is Google's default. */
  readonly location: string;
}

/** Headers that authenticate a request. */
export type GcsAuthorize = (url: string) => Promise<Headers>;

export function createGcsDriver(
  bucket: Bucket,
  endpoint: string,
  authorize: GcsAuthorize,
  storeClock: StoreClock,
  place: GcsPlace,
): RemoteDriver {
  const where = { endpoint, bucket: bucket.name };

  const head = async (key: string): Promise<ObjectRange | undefined> => {
    try {
      const [{ size, updated, generation }] = await bucket.file(key).getMetadata();
      const modifiedMs = wholeSeconds(updated);
      return { bytes: new Uint8Array(0), sizeBytes: Number(size), modifiedMs, etag: String(generation) };
    } catch (error) {
      if (gcsStatus(error) === 404) return undefined;
      throw error;
    }
  };
  const read = async (
    key: string,
    range: ByteRange | undefined,
    call: RemoteCall,
  ): Promise<ObjectRange | undefined> => {
    const wanted = rangeHeader(range);
    if (wanted === 'nothing') return head(key);
    const url = `${endpoint}/storage/v1/b/${encodeURIComponent(bucket.name)}/o/${encodeURIComponent(key)}?alt=media`;
    const headers = await authorize(url);
    if (wanted !== 'all') headers.set('range', wanted);
    const response = await fetch(url, { headers, signal: call.signal });
    storeClock.note(response.headers.get('date'));
    const length = response.headers.get('content-length');
    const body = response.body ?? [];
    const bytes = await readBody(body as AsyncIterable<Uint8Array>, length === null ? undefined : Number(length), call);
    const total = totalOfRange(response.headers.get('content-range'));
    const stamp = stampOf(response.headers);
    switch (response.status) {
      case 200: {
        const { from, until } = resolveRange(range, bytes.length);
        return { bytes: bytes.slice(from, until), sizeBytes: bytes.length, ...stamp };
      }
      case 206:
        return { bytes, sizeBytes: total ?? bytes.length, ...stamp };
      case 404:
        return undefined;
      case 416:
        // The range begins behind the end; most answers then say how long the object is.
        return total === undefined || stamp.etag === ''
          ? head(key)
          : { bytes: new Uint8Array(0), sizeBytes: total, ...stamp };
      default:
        throw gcsStatusError(response.status);
    }
  };

  return {
    async putIfAbsent(key, body) {
      try {
        await bucket.file(key).save(asBuffer(body), { ...SAVE, preconditionOpts: { ifGenerationMatch: 0 } });
        return 'created';
      } catch (error) {
        if (gcsStatus(error) === 412) return 'exists';
        throw error;
      }
    },
    put: (key, body) => bucket.file(key).save(asBuffer(body), SAVE),
    get: read,
    async list(prefix, startAfter, limit) {
      // One more, because the start is part of the answer.
      const query = { prefix, maxResults: Math.min(limit + 1, 1_000), autoPaginate: false };
      const found: ObjectInfo[] = [];
      let startOffset = startAfter;
      for (;;) {
        const [files] = await bucket.getFiles({ ...query, ...(startOffset === '' ? {} : { startOffset }) });
        for (const { name, metadata } of files) {
          if (name === startOffset) continue;
          found.push({ key: name, sizeBytes: Number(metadata.size), modifiedMs: wholeSeconds(metadata.updated) });
        }
        const last = files.at(-1)?.name;
        if (found.length >= limit || files.length < query.maxResults || last === undefined) break;
        startOffset = last;
      }
      return found.slice(0, limit);
    },
    async listFolders(prefix, call) {
      const folders: string[] = [];
      let pageToken: string | undefined;
      do {
        const [, next, answer] = await bucket.getFiles({
          prefix,
          delimiter: '/',
          autoPaginate: false,
          ...(pageToken === undefined ? {} : { pageToken }),
        });
        const { prefixes = [] } = answer as { prefixes?: readonly string[] };
        for (const folder of prefixes) folders.push(folder.slice(prefix.length, -1));
        call.progress();
        if (folders.length > FOLDERS_MAX) {
          throw new FlamelakeError('resource_exhausted', 'too many folders below a prefix', { limit: FOLDERS_MAX });
        }
        pageToken = (next as { pageToken?: string } | null)?.pageToken;
      } while (pageToken !== undefined);
      return folders;
    },
    delete: (keys, call) =>
      inParallel(keys, DELETES, async (key) => {
        await bucket.file(key).delete({ ignoreNotFound: true });
        call.progress();
      }),
    async nowMs(call) {
      const known = storeClock.nowMs();
      if (known !== undefined) return known;
      await read(ABSENT_KEY, undefined, call);
      const nowMs = storeClock.nowMs();
      if (nowMs !== undefined) return nowMs;
      throw new FlamelakeError('failed_precondition', 'object store answers without a Date header', where);
    },
    async hasBucket() {
      try {
        await bucket.getFiles({ maxResults: 1, autoPaginate: false });
        return true;
      } catch (error) {
        if (gcsStatus(error) === 404) return false;
        throw error;
      }
    },
    async makeBucket() {
      if (place.project === '') {
        const details = { bucket: bucket.name, option: 'store.gcs.project' };
        throw new FlamelakeError('invalid_argument', 'bucket can only be made in a project', details);
      }
      try {
        await bucket.create({
          ...(place.location === '' ? {} : { location: place.location }),
          iamConfiguration: { uniformBucketLevelAccess: { enabled: true }, publicAccessPrevention: 'enforced' },
        });
        return 'created';
      } catch (error) {
        if (gcsStatus(error) === 409) return 'exists';
        throw error;
      }
    },
    makePermission: `storage.buckets.create (roles/storage.admin) in project ${place.project}`,
    explain: (error) => explainError(namedGcsError(error), GCS_MEANINGS, where),
    async close() {},
  };
}

function stampOf(headers: Headers): { modifiedMs: number; etag: string } {
  return { modifiedMs: wholeSeconds(headers.get('last-modified')), etag: headers.get('x-goog-generation') ?? '' };
}
