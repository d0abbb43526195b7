/**
 * OpenStack Swift as a driver. Source: OpenStack Object Storage API reference.
 *
 * Swift's conditional put checks, then writes: of two at once both may win. Writers in this process are kept in line; other
 * processes are not, so a store of Swift serves one process only.
 */
import { FlamelakeError, type ObjectInfo, type ObjectRange } from '@flamelake/model';
import { resolveRange } from './byte-range.ts';
import { certificateMeanings, type ErrorMeanings, explainError } from './error-meanings.ts';
import { asBuffer, plainEtag, rangeHeader, totalOfRange, wholeSeconds } from './http-values.ts';
import { inParallel } from './in-parallel.ts';
import type { KeptFresh } from './keep-fresh.ts';
import { createKeyLocks } from './key-locks.ts';
import { readBody } from './read-body.ts';
import { FOLDERS_MAX, type RemoteCall, type RemoteDriver } from './remote-driver.ts';
import type { StoreClock } from './store-clock.ts';
import type { SwiftSession } from './swift-auth.ts';

interface SwiftRequest {
  readonly method: string;
  /** Empty is the container. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Statuses that are answers; others are errors. */
  readonly expected: readonly number[];
}

interface SwiftListItem {
  readonly name?: string;
  readonly subdir?: string;
  readonly bytes?: number;
  /** ISO 8601 in UTC, without its `Z`. */
  readonly last_modified?: string;
}

const DELETES = 16;

const MEANINGS: ErrorMeanings = {
  'status 403': {
    code: 'permission_denied',
    message: 'object store denies access',
    lookAt: 'the roles of the user in the project, and the ACLs of the container',
  },
  'status 404': {
    code: 'failed_precondition',
    message: 'container does not exist',
    lookAt: 'store.swift.container: create the container, or correct its name',
  },
  'status 413': {
    code: 'resource_exhausted',
    message: 'object store has no room',
    lookAt: 'the quota of the container and the account; objects end at 5 GiB',
  },
  ...certificateMeanings('NODE_EXTRA_CA_CERTS'),
};

export function createSwiftDriver(
  session: KeptFresh<SwiftSession>,
  container: string,
  storeClock: StoreClock,
): RemoteDriver {
  const locks = createKeyLocks();

  const send = async (call: RemoteCall, request: SwiftRequest): Promise<Response> => {
    const { method, key, query = {}, headers = {}, body, expected } = request;
    const { storageUrl, token } = await session.get();
    const path = [container, ...(key === '' ? [] : key.split('/'))].map(encodeURIComponent).join('/');
    const search = Object.keys(query).length === 0 ? '' : `?${new URLSearchParams(query).toString()}`;
    const response = await fetch(`${storageUrl}/${path}${search}`, {
      method,
      headers: { ...headers, 'x-auth-token': token },
      ...(body === undefined ? {} : { body: asBuffer(body) }),
      signal: call.signal,
    });
    storeClock.note(response.headers.get('date'));
    if (expected.includes(response.status)) return response;
    await response.arrayBuffer();
    if (response.status === 401) {
      // It may have been revoked: the next try has a new one.
      session.forget();
      throw new FlamelakeError('unavailable', 'object store does not accept the token', { container });
    }
    throw Object.assign(new Error(`Swift answered ${response.status}`), { code: `status ${response.status}` });
  };
  /** Sends a request whose answer has no body of interest. */
  const sendOnly = async (call: RemoteCall, request: SwiftRequest): Promise<Response> => {
    const response = await send(call, request);
    await response.arrayBuffer();
    return response;
  };
  const head = async (key: string, call: RemoteCall): Promise<ObjectRange | undefined> => {
    const { status, headers } = await sendOnly(call, { method: 'HEAD', key, expected: [200, 204, 404] });
    if (status === 404) return undefined;
    return { bytes: new Uint8Array(0), sizeBytes: Number(headers.get('content-length')), ...stampOf(headers) };
  };
  const list = async (query: Readonly<Record<string, string>>, call: RemoteCall): Promise<readonly SwiftListItem[]> => {
    const response = await send(call, {
      method: 'GET',
      key: '',
      query: { format: 'json', ...query },
      expected: [200, 204],
    });
    const text = Buffer.from(await bodyOf(response, call)).toString();
    return text === '' ? [] : (JSON.parse(text) as SwiftListItem[]);
  };

  return {
    putIfAbsent: (key, body, call) =>
      locks.run(key, async () => {
        const headers = { 'if-none-match': '*', 'content-type': 'application/octet-stream' };
        const { status } = await sendOnly(call, { method: 'PUT', key, headers, body, expected: [201, 412] });
        return status === 201 ? 'created' : 'exists';
      }),
    async put(key, body, call) {
      const headers = { 'content-type': 'application/octet-stream' };
      await sendOnly(call, { method: 'PUT', key, headers, body, expected: [201] });
    },
    async get(key, range, call) {
      const wanted = rangeHeader(range);
      if (wanted === 'nothing') return head(key, call);
      const headers: Record<string, string> = wanted === 'all' ? {} : { range: wanted };
      const response = await send(call, { method: 'GET', key, headers, expected: [200, 206, 404, 416] });
      if (response.status === 404 || response.status === 416) {
        await response.arrayBuffer();
        // The range begins behind the end.
        return response.status === 404 ? undefined : head(key, call);
      }
      const bytes = await bodyOf(response, call);
      const stamp = stampOf(response.headers);
      const total = totalOfRange(response.headers.get('content-range'));
      if (response.status === 206 && total !== undefined) return { bytes, sizeBytes: total, ...stamp };
      const { from, until } = resolveRange(range, bytes.length);
      return { bytes: bytes.slice(from, until), sizeBytes: bytes.length, ...stamp };
    },
    async list(prefix, startAfter, limit, call) {
      const query = { prefix, limit: String(limit), ...(startAfter === '' ? {} : { marker: startAfter }) };
      return (await list(query, call)).map(
        ({ name = '', bytes = 0, last_modified: modified = '' }): ObjectInfo => ({
          key: name,
          sizeBytes: bytes,
          modifiedMs: wholeSeconds(`${modified}Z`),
        }),
      );
    },
    async listFolders(prefix, call) {
      const folders: string[] = [];
      for (let marker = ''; ; ) {
        const items = await list({ prefix, delimiter: '/', ...(marker === '' ? {} : { marker }) }, call);
        const last = items.at(-1);
        if (last === undefined) return folders;
        for (const { subdir } of items) if (subdir !== undefined) folders.push(subdir.slice(prefix.length, -1));
        if (folders.length > FOLDERS_MAX) {
          throw new FlamelakeError('resource_exhausted', 'too many folders below a prefix', { limit: FOLDERS_MAX });
        }
        marker = last.subdir ?? last.name ?? '';
      }
    },
    delete: (keys, call) =>
      inParallel(keys, DELETES, async (key) => {
        await sendOnly(call, { method: 'DELETE', key, expected: [200, 204, 404] });
        call.progress();
      }),
    async nowMs(call) {
      if (storeClock.nowMs() === undefined) await sendOnly(call, { method: 'HEAD', key: '', expected: [200, 204] });
      const nowMs = storeClock.nowMs();
      if (nowMs !== undefined) return nowMs;
      throw new FlamelakeError('failed_precondition', 'object store answers without a Date header', { container });
    },
    async hasBucket(call) {
      return (await sendOnly(call, { method: 'HEAD', key: '', expected: [200, 204, 404] })).status !== 404;
    },
    async makeBucket(call) {
      const { status } = await sendOnly(call, { method: 'PUT', key: '', expected: [201, 202] });
      return status === 201 ? 'created' : 'exists';
    },
    makePermission: 'a role in the project that owns containers, such as swiftoperator or member',
    explain: (error) => explainError(error, MEANINGS, { container }),
    async close() {},
  };
}

async function bodyOf(response: Response, call: RemoteCall): Promise<Uint8Array> {
  const length = response.headers.get('content-length');
  if (response.body === null) return new Uint8Array(0);
  return readBody(response.body, length === null ? undefined : Number(length), call);
}

/** Last-Modified is rounded up, while lists have the time itself: X-Timestamp, seconds with a fraction, is exact too. */
function stampOf(headers: Headers): { modifiedMs: number; etag: string } {
  const exactMs = Number(headers.get('x-timestamp') ?? Number.NaN) * 1_000;
  const modifiedMs = wholeSeconds(Number.isNaN(exactMs) ? headers.get('last-modified') : exactMs);
  return { modifiedMs, etag: plainEtag(headers.get('etag')) };
}
