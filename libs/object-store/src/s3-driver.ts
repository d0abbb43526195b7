/** S3 as a driver: requests, signatures and multipart uploads by the client `minio`, answers read by hand. */
import { type ByteRange, FlamelakeError, type ObjectRange } from '@flamelake/model';
import type { Client } from 'minio';
import { resolveRange } from './byte-range.ts';
import { asBuffer, plainEtag, rangeHeader, totalOfRange, wholeSeconds } from './http-values.ts';
import { readBody } from './read-body.ts';
import { FOLDERS_MAX, type RemoteCall, type RemoteDriver } from './remote-driver.ts';
import { deleteObjects } from './s3-delete.ts';
import { explainS3Error, s3ErrorCode } from './s3-errors.ts';
import { parseS3ListPage, type S3ListPage } from './s3-list-page.ts';
import { S3_PART_BYTES, uploadParts } from './s3-multipart.ts';
import type { S3Transport } from './s3-transport.ts';

export interface S3DriverOptions {
  readonly client: Client;
  readonly transport: S3Transport;
  readonly bucket: string;
  /** Where a bucket is made; empty is the store's default. */
  readonly region: string;
  /** For error messages. */
  readonly endpoint: string;
}

const BODY_HEADERS = { 'content-type': 'application/octet-stream' };

export function createS3Driver({ client, transport, bucket, region, endpoint }: S3DriverOptions): RemoteDriver {
  const request = (
    call: RemoteCall,
    options: Omit<Parameters<Client['makeRequestAsync']>[0], 'bucketName'>,
    expected: readonly number[] = [200],
    body: Uint8Array = new Uint8Array(0),
  ) =>
    transport.within(call.signal, () =>
      client.makeRequestAsync({ ...options, bucketName: bucket }, asBuffer(body), [...expected]),
    );
  /** A request whose answer has no body of interest; read all the same, or its connection is lost. */
  const requestOnly = async (...words: Parameters<typeof request>) => {
    const response = await request(...words);
    await readBody(response, undefined, words[0]);
    return response;
  };

  const putOne = async (key: string, body: Uint8Array, headers: Record<string, string>, call: RemoteCall) => {
    const options = { method: 'PUT', objectName: key, headers: { ...BODY_HEADERS, ...headers } };
    await requestOnly(call, options, [200], body);
  };

  /** What is known of an object without its bytes. */
  const head = async (key: string, call: RemoteCall): Promise<ObjectRange | undefined> => {
    const { headers } = await requestOnly(call, { method: 'HEAD', objectName: key });
    return { bytes: new Uint8Array(0), sizeBytes: Number(headers['content-length']), ...stampOf(headers) };
  };

  const read = async (
    key: string,
    range: ByteRange | undefined,
    call: RemoteCall,
  ): Promise<ObjectRange | undefined> => {
    const wanted = rangeHeader(range);
    if (wanted === 'nothing') return head(key, call);
    const headers: Record<string, string> = wanted === 'all' ? {} : { range: wanted };
    const response = await request(call, { method: 'GET', objectName: key, headers }, [200, 206]);
    const bytes = await readBody(response, Number(response.headers['content-length']), call);
    const stamp = stampOf(response.headers);
    const total = totalOfRange(response.headers['content-range']);
    if (response.statusCode === 206 && total !== undefined) return { bytes, sizeBytes: total, ...stamp };
    // A store may answer a range with the whole object.
    const { from, until } = resolveRange(range, bytes.length);
    return { bytes: bytes.slice(from, until), sizeBytes: bytes.length, ...stamp };
  };

  const listPage = async (query: Readonly<Record<string, string>>, call: RemoteCall): Promise<S3ListPage> => {
    const whole = { 'list-type': '2', 'encoding-type': 'url', ...query };
    const response = await request(call, { method: 'GET', query: queryString(whole) });
    return parseS3ListPage(Buffer.from(await readBody(response, undefined, call)).toString());
  };

  return {
    async putIfAbsent(key, body, call) {
      try {
        await putOne(key, body, { 'if-none-match': '*' }, call);
        return 'created';
      } catch (error) {
        const code = s3ErrorCode(error);
        if (code === 'PreconditionFailed') return 'exists';
        if (code === 'ConditionalRequestConflict' || code === 'OperationAborted') return 'conflict';
        throw error;
      }
    },
    put: (key, body, call) =>
      body.length <= S3_PART_BYTES
        ? putOne(key, body, {}, call)
        : transport.within(call.signal, () => uploadParts(client, bucket, key, asBuffer(body), BODY_HEADERS, call)),
    async get(key, range, call) {
      try {
        return await read(key, range, call);
      } catch (error) {
        const code = s3ErrorCode(error);
        if (code === 'NoSuchKey' || code === 'NotFound') return undefined;
        // The range begins behind the end.
        if (code === 'InvalidRange') return await head(key, call);
        throw error;
      }
    },
    async list(prefix, startAfter, limit, call) {
      const query = { prefix, 'max-keys': String(limit), ...(startAfter === '' ? {} : { 'start-after': startAfter }) };
      return (await listPage(query, call)).objects;
    },
    async listFolders(prefix, call) {
      const folders: string[] = [];
      let token: string | undefined;
      do {
        const next: Record<string, string> = token === undefined ? {} : { 'continuation-token': token };
        const page = await listPage({ prefix, delimiter: '/', ...next }, call);
        for (const folder of page.prefixes) folders.push(folder.slice(prefix.length, -1));
        if (folders.length > FOLDERS_MAX) {
          throw new FlamelakeError('resource_exhausted', 'too many folders below a prefix', { limit: FOLDERS_MAX });
        }
        token = page.nextToken;
      } while (token !== undefined);
      return folders;
    },
    delete: (keys, call) =>
      deleteObjects(keys, (options, expected, body) => request(call, options, expected, body), call),
    async nowMs(call) {
      const known = transport.storeClock.nowMs();
      if (known !== undefined) return known;
      await listPage({ 'max-keys': '1' }, call);
      const nowMs = transport.storeClock.nowMs();
      if (nowMs !== undefined) return nowMs;
      throw new FlamelakeError('failed_precondition', 'object store answers without a Date header', { endpoint });
    },
    async hasBucket(call) {
      try {
        await listPage({ 'max-keys': '1' }, call);
        return true;
      } catch (error) {
        if (s3ErrorCode(error) === 'NoSuchBucket') return false;
        throw error;
      }
    },
    async makeBucket(call) {
      try {
        await transport.within(call.signal, () => client.makeBucket(bucket, region));
        return 'created';
      } catch (error) {
        const code = s3ErrorCode(error);
        if (code === 'BucketAlreadyOwnedByYou' || code === 'BucketAlreadyExists') return 'exists';
        throw error;
      }
    },
    makePermission: 's3:CreateBucket',
    explain: (error) => explainS3Error(error, { endpoint, bucket }),
    async close() {
      transport.close();
    },
  };
}

function stampOf(headers: Readonly<Record<string, string | string[] | undefined>>): {
  modifiedMs: number;
  etag: string;
} {
  return { modifiedMs: wholeSeconds(String(headers['last-modified'])), etag: plainEtag(String(headers.etag ?? '')) };
}

/** Sorted, with what RFC 3986 keeps for itself escaped: the signature is made over it as it is. */
function queryString(query: Readonly<Record<string, string>>): string {
  const escape = (text: string) =>
    encodeURIComponent(text).replace(
      /[!'()*]/g,
      (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  return Object.entries(query)
    .map(([name, value]) => `${name}=${escape(value)}`)
    .sort()
    .join('&');
}
