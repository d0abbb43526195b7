/**
 * Keystone and Swift by their API references, in memory, for want of a real one: its conditional put checks, then writes,
 * with time in between. What passes on it is not shown for a real Swift.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

export const SWIFT_CONTAINER = 'flamelake';
export const SWIFT_IDENTITY = {
  user: 'tester',
  password: 'secret',
  userDomain: 'Default',
  project: 'tests',
  projectDomain: 'Default',
};

interface StoredObject {
  readonly body: Buffer;
  readonly etag: string;
  readonly atMs: number;
}

export interface SwiftServer {
  readonly authUrl: string;
  /** Makes every token given so far invalid. */
  revoke(): void;
  /** Lets the next conditional puts all check before any of them writes. */
  checkTogether(count: number): void;
  stop(): Promise<void>;
}

export async function startSwiftServer(): Promise<SwiftServer> {
  const objects = new Map<string, StoredObject>();
  /** Others that were made; they hold nothing. */
  const made = new Set<string>();
  let generation = 0;
  let meeting = { left: 0, all: Promise.withResolvers<void>() };
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const containerUrl = `/v1/AUTH_tests/${SWIFT_CONTAINER}`;

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const end = (status: number, headers: Record<string, string> = {}, text: string | Buffer = '') =>
      response.writeHead(status, headers).end(text);
    const { pathname, searchParams } = new URL(request.url ?? '', origin);
    if (pathname === '/v3/auth/tokens') {
      const { identity, scope } = JSON.parse(body.toString()).auth;
      const isKnown = identity.password?.user.password === SWIFT_IDENTITY.password && scope.project.name === 'tests';
      if (!isKnown) return void end(401);
      const endpoints = [{ interface: 'public', region_id: 'one', url: `${origin}/v1/AUTH_tests` }];
      const token = {
        expires_at: new Date(Date.now() + 3_600_000).toISOString(),
        catalog: [{ type: 'object-store', endpoints }],
      };
      return void end(201, { 'x-subject-token': `token-${generation}` }, JSON.stringify({ token }));
    }
    if (request.headers['x-auth-token'] !== `token-${generation}`) return void end(401);
    if (!`${pathname}/`.startsWith(`${containerUrl}/`)) {
      const isMade = made.has(pathname);
      if (request.method !== 'PUT') return void end(isMade ? 204 : 404);
      made.add(pathname);
      return void end(isMade ? 202 : 201);
    }
    const key = pathname
      .slice(containerUrl.length + 1)
      .split('/')
      .map(decodeURIComponent)
      .join('/');
    if (key === '') return void end(200, { 'content-type': 'application/json' }, JSON.stringify(listing(searchParams)));
    const object = objects.get(key);
    const stamp = object && {
      etag: object.etag,
      'x-timestamp': (object.atMs / 1_000).toFixed(5),
      'last-modified': new Date(Math.ceil(object.atMs / 1_000) * 1_000).toUTCString(),
    };
    switch (request.method ?? 'GET') {
      case 'PUT': {
        if (request.headers['if-none-match'] === '*') {
          if (object !== undefined) return void end(412);
          if (--meeting.left === 0) meeting.all.resolve();
          if (meeting.left >= 0) await meeting.all.promise;
          else await turn();
        }
        objects.set(key, { body, etag: createHash('md5').update(body).digest('hex'), atMs: Date.now() });
        return void end(201);
      }
      case 'DELETE':
        return void end(objects.delete(key) ? 204 : 404);
      default: {
        if (object === undefined) return void end(404);
        const size = object.body.length;
        const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
        if (request.method === 'HEAD' || first + last === '') {
          return void end(
            200,
            { ...stamp, 'content-length': String(size) },
            request.method === 'HEAD' ? '' : object.body,
          );
        }
        const from = first === '' ? Math.max(0, size - Number(last)) : Number(first);
        const until = first === '' ? size : Math.min(size, Number(last) + 1);
        if (from >= size) return void end(416);
        return void end(
          206,
          { ...stamp, 'content-range': `bytes ${from}-${until - 1}/${size}` },
          object.body.subarray(from, until),
        );
      }
    }
  };

  const listing = (query: URLSearchParams): object[] => {
    const [prefix, marker, delimiter] = ['prefix', 'marker', 'delimiter'].map((name) =>
      Buffer.from(query.get(name) ?? ''),
    );
    const names = [...objects.keys()].map((name) => Buffer.from(name)).sort(Buffer.compare);
    const rows: object[] = [];
    const folders = new Set<string>();
    for (const name of names) {
      if (prefix === undefined || !name.subarray(0, prefix.length).equals(prefix)) continue;
      const end = delimiter?.length ? name.indexOf(delimiter, prefix.length) : -1;
      const shown = end < 0 ? name : name.subarray(0, end + 1);
      if (marker?.length && Buffer.compare(shown, marker) <= 0) continue;
      if (end >= 0 && folders.has(shown.toString())) continue;
      folders.add(shown.toString());
      const { body, atMs } = objects.get(name.toString()) as StoredObject;
      const modified = new Date(atMs).toISOString().replace('Z', '000');
      rows.push(
        end < 0 ? { name: name.toString(), bytes: body.length, last_modified: modified } : { subdir: shown.toString() },
      );
      if (rows.length >= Number(query.get('limit') ?? 10_000)) break;
    }
    return rows;
  };

  return {
    authUrl: `${origin}/v3`,
    revoke: () => void generation++,
    checkTogether(count) {
      meeting = { left: count, all: Promise.withResolvers<void>() };
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
