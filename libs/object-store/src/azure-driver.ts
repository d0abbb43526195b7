/** Azure Blob Storage as a driver, by @azure/storage-blob. Blobs are block blobs; a put of one request is atomic. */
import type { ContainerClient } from '@azure/storage-blob';
import { type ByteRange, FlamelakeError, type ObjectInfo, type ObjectRange } from '@flamelake/model';
import { AZURE_MEANINGS } from './azure-errors.ts';
import { errorNames, explainError } from './error-meanings.ts';
import { plainEtag, totalOfRange } from './http-values.ts';
import { inParallel } from './in-parallel.ts';
import { readBody } from './read-body.ts';
import { FOLDERS_MAX, type RemoteCall, type RemoteDriver } from './remote-driver.ts';
import type { StoreClock } from './store-clock.ts';

/** Bytes of a block; smaller objects are one put. */
const BLOCK_BYTES = 16 * 1_048_576;
const HTTP_HEADERS = { blobHTTPHeaders: { blobContentType: 'application/octet-stream' } };
/** Deletes under way at once: the bulk request is a MIME batch that most emulators and gateways lack. */
const DELETES = 16;

/** What answers say of a blob. */
interface BlobFacts {
  readonly etag?: string;
  readonly lastModified?: Date;
  readonly date?: Date;
  readonly contentLength?: number;
  readonly contentRange?: string;
}

export function createAzureDriver(container: ContainerClient, storeClock: StoreClock): RemoteDriver {
  const where = { endpoint: new URL(container.url).origin, container: container.containerName };
  const blobOf = (key: string) => container.getBlockBlobClient(key);
  const stampOf = (facts: BlobFacts) => {
    storeClock.note(facts.date);
    return { modifiedMs: facts.lastModified?.getTime() ?? 0, etag: plainEtag(facts.etag) };
  };
  const head = async (key: string, call: RemoteCall): Promise<ObjectRange> => {
    const facts = await blobOf(key).getProperties({ abortSignal: call.signal });
    return { bytes: new Uint8Array(0), sizeBytes: facts.contentLength ?? 0, ...stampOf(facts) };
  };
  const read = async (key: string, range: ByteRange | undefined, call: RemoteCall): Promise<ObjectRange> => {
    let [offset, length]: [number, number | undefined] = [0, undefined];
    let ifMatch: string | undefined;
    if (range !== undefined && 'lastBytes' in range) {
      // There are no ranges from the end: the size is asked first, and the object must not change in between.
      const object = await head(key, call);
      [offset, length] = [Math.max(0, object.sizeBytes - range.lastBytes), Math.min(range.lastBytes, object.sizeBytes)];
      if (length === 0) return object;
      ifMatch = `"${object.etag}"`;
    } else if (range !== undefined) {
      [offset, length] = [range.offset, range.length];
      if (length === 0) return head(key, call);
    }
    const answer = await blobOf(key).download(offset, length, {
      abortSignal: call.signal,
      maxRetryRequests: 0,
      ...(ifMatch === undefined ? {} : { conditions: { ifMatch } }),
    });
    const body = answer.readableStreamBody as AsyncIterable<Uint8Array> | undefined;
    const bytes = body === undefined ? new Uint8Array(0) : await readBody(body, answer.contentLength, call);
    return { bytes, sizeBytes: totalOfRange(answer.contentRange) ?? bytes.length, ...stampOf(answer) };
  };

  return {
    async putIfAbsent(key, body, call) {
      const conditions = { ifNoneMatch: '*' };
      try {
        const answer = await blobOf(key).upload(body, body.length, {
          ...HTTP_HEADERS,
          conditions,
          abortSignal: call.signal,
        });
        storeClock.note(answer.date);
        return 'created';
      } catch (error) {
        if (errorNames(error).some((name) => name === 'BlobAlreadyExists' || name === 'ConditionNotMet'))
          return 'exists';
        throw error;
      }
    },
    async put(key, body, call) {
      const options = { ...HTTP_HEADERS, abortSignal: call.signal, onProgress: call.progress };
      if (body.length <= BLOCK_BYTES) await blobOf(key).upload(body, body.length, options);
      else await blobOf(key).uploadData(body, { ...options, blockSize: BLOCK_BYTES, concurrency: 4 });
    },
    async get(key, range, call) {
      try {
        return await read(key, range, call);
      } catch (error) {
        const [name] = errorNames(error);
        if (name === 'BlobNotFound') return undefined;
        if (name === 'InvalidRange') return await head(key, call);
        if (name === 'ConditionNotMet')
          throw new FlamelakeError('aborted', 'object changed while it was read', { key });
        throw error;
      }
    },
    async list(prefix, startAfter, limit, call) {
      const found: ObjectInfo[] = [];
      const from = startAfter > prefix ? { startFrom: startAfter } : {};
      const pages = container.listBlobsFlat({ prefix, ...from, abortSignal: call.signal });
      // One more, because the start is part of the answer; a store that does not know the start answers from the first.
      for await (const page of pages.byPage({ maxPageSize: Math.min(limit + 1, 5_000) })) {
        for (const { name, properties } of page.segment.blobItems) {
          if (startAfter !== '' && Buffer.compare(Buffer.from(name), Buffer.from(startAfter)) <= 0) continue;
          const modifiedMs = properties.lastModified.getTime();
          found.push({ key: name, sizeBytes: properties.contentLength ?? 0, modifiedMs });
        }
        call.progress();
        if (found.length >= limit) break;
      }
      return found.slice(0, limit);
    },
    async listFolders(prefix, call) {
      const folders: string[] = [];
      const items = container.listBlobsByHierarchy('/', { prefix, abortSignal: call.signal });
      for await (const page of items.byPage()) {
        for (const { name } of page.segment.blobPrefixes ?? []) folders.push(name.slice(prefix.length, -1));
        call.progress();
        if (folders.length > FOLDERS_MAX) {
          throw new FlamelakeError('resource_exhausted', 'too many folders below a prefix', { limit: FOLDERS_MAX });
        }
      }
      return folders;
    },
    delete: (keys, call) =>
      inParallel(keys, DELETES, async (key) => {
        await blobOf(key).deleteIfExists({ abortSignal: call.signal, deleteSnapshots: 'include' });
        call.progress();
      }),
    async nowMs(call) {
      const known = storeClock.nowMs();
      if (known !== undefined) return known;
      const { date } = await container.getProperties({ abortSignal: call.signal });
      storeClock.note(date);
      const nowMs = storeClock.nowMs();
      if (nowMs !== undefined) return nowMs;
      throw new FlamelakeError('failed_precondition', 'object store answers without a Date header', where);
    },
    hasBucket: (call) => container.exists({ abortSignal: call.signal }),
    async makeBucket(call) {
      const { succeeded } = await container.createIfNotExists({ abortSignal: call.signal });
      return succeeded ? 'created' : 'exists';
    },
    makePermission:
      'Microsoft.Storage/storageAccounts/blobServices/containers/write, part of Storage Blob Data Contributor on the account',
    explain: (error) => explainError(error, AZURE_MEANINGS, where),
    async close() {},
  };
}
