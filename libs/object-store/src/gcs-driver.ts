/** Google Cloud Storage as a driver, by @google-cloud/storage. The client knows no signals: what is given up runs on unseen. */

import { type ByteRange, FlamelakeError, type ObjectInfo, type ObjectRange } from '@flamelake/model';
import type { Bucket } from '@google-cloud/storage';
import { explainError } from './error-meanings.ts';
import { GCS_MEANINGS, gcsErrorHeaders, gcsStatus, namedGcsError } from './gcs-errors.ts';
import { inParallel } from './in-parallel.ts';
import { readBody } from './read-body.ts';
import { FOLDERS_MAX, type RemoteCall, type RemoteDriver } from './remote-driver.ts';
import type { StoreClock } from './store-clock.ts';

type Headers = Readonly<Record<string, string | undefined>>;

/** One request an object, because the checksum is of the whole and an upload of one request is atomic. */
const SAVE = { resumable: false, validation: false, contentType: 'application/octet-stream' } as const;
/** Deletes under way at once: there is no bulk request. */
const DELETES = 16;
/** An object that is never there; asking for it tells the time. */
const ABSENT_KEY = 'probes/absent';

export function createGcsDriver(bucket: Bucket, endpoint: string, storeClock: StoreClock): RemoteDriver {
  const where = { endpoint, bucket: bucket.name };

  const head = async (key: string): Promise<ObjectRange> => {
    const [{ size, updated, generation }] = await bucket.file(key).getMetadata();
    const modifiedMs = wholeSeconds(updated);
    return { bytes: new Uint8Array(0), sizeBytes: Number(size), modifiedMs, etag: String(generation) };
  };
  const read = async (key: string, range: ByteRange | undefined, call: RemoteCall): Promise<ObjectRange> => {
    const wanted = readStreamRange(range);
    if (wanted === 'nothing') return head(key);
    const stream = bucket.file(key).createReadStream({ ...wanted, validation: false, decompress: false });
    let headers: Headers = {};
    stream.once('response', (response: { headers: Headers }) => {
      headers = response.headers;
      storeClock.note(headers.date);
    });
    const onAbort = () => void stream.destroy(new Error('given up'));
    call.signal.addEventListener('abort', onAbort, { once: true });
    try {
      const bytes = await readBody(stream, undefined, call);
      const announced = headers['content-length'];
      if (announced !== undefined && Number(announced) !== bytes.length) {
        throw new FlamelakeError('unavailable', 'answer of the object store was cut short', { length: bytes.length });
      }
      const total = /\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1];
      return { bytes, sizeBytes: total === undefined ? bytes.length : Number(total), ...stampOf(headers) };
    } finally {
      call.signal.removeEventListener('abort', onAbort);
    }
  };
  /** Where the range begins behind the end, the refusal says how long the object is. */
  const refusedRange = async (key: string, error: unknown): Promise<ObjectRange> => {
    const headers = gcsErrorHeaders(error);
    const total = /\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1];
    if (total === undefined || headers['x-goog-generation'] === undefined) return head(key);
    return { bytes: new Uint8Array(0), sizeBytes: Number(total), ...stampOf(headers) };
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
    async get(key, range, call) {
      try {
        return await read(key, range, call);
      } catch (error) {
        storeClock.note(gcsErrorHeaders(error).date);
        if (gcsStatus(error) === 404) return undefined;
        if (gcsStatus(error) === 416) return await refusedRange(key, error);
        throw error;
      }
    },
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
      await this.get(ABSENT_KEY, undefined, call);
      const nowMs = storeClock.nowMs();
      if (nowMs !== undefined) return nowMs;
      throw new FlamelakeError('failed_precondition', 'object store answers without a Date header', where);
    },
    explain: (error) => explainError(namedGcsError(error), GCS_MEANINGS, where),
    async close() {},
  };
}

/** The range as a read stream takes it: both ends included, or a negative end for the last bytes. */
function readStreamRange(range: ByteRange | undefined): { start?: number; end?: number } | 'nothing' {
  if (range === undefined) return {};
  if ('lastBytes' in range) return range.lastBytes === 0 ? 'nothing' : { end: -range.lastBytes };
  return range.length === 0 ? 'nothing' : { start: range.offset, end: range.offset + range.length - 1 };
}

function stampOf(headers: Headers): { modifiedMs: number; etag: string } {
  return { modifiedMs: wholeSeconds(headers['last-modified']), etag: headers['x-goog-generation'] ?? '' };
}

/** As the Last-Modified header has it. */
function wholeSeconds(time: string | undefined): number {
  const ms = Date.parse(time ?? '');
  return Number.isNaN(ms) ? 0 : Math.floor(ms / 1_000) * 1_000;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
