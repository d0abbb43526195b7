/** S3 for tests: versitygw over a directory. */
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { installGo } from './install.ts';
import { type RunningServer, startServer } from './server.ts';

export const S3_ACCESS_KEY = 'testkey';
export const S3_SECRET_KEY = 'testsecret1';
export const S3_BUCKET = 'flamelake';

const VERSION = 'v1.8.0';

export const installVersitygw = () =>
  installGo(`versitygw-${VERSION}`, `github.com/versity/versitygw/cmd/versitygw@${VERSION}`);

export interface VersitygwOptions {
  /** PEM files; without them it speaks http. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Where the buckets are, when they outlive the server. */
  readonly directory?: string;
}

/** Starts it, with an empty bucket unless there was one. Its files are objects: a key cannot be an object and a folder at once. */
export function startVersitygw(
  folder: string,
  { tls, directory: kept }: VersitygwOptions = {},
): Promise<RunningServer> {
  // A path nobody else answers on, so that a stranger on the port is no server of ours.
  const health = `/health-${randomUUID()}`;
  const certificate = tls === undefined ? [] : ['--cert', tls.certificate, '--key', tls.key];
  return startServer({
    name: 'versitygw',
    ...(kept === undefined ? {} : { directory: kept }),
    command(port, directory) {
      // A bucket is a directory.
      mkdirSync(`${directory}/${S3_BUCKET}`, { recursive: true });
      return {
        program: `${folder}/versitygw`,
        words: [
          '--port',
          `127.0.0.1:${port}`,
          '--quiet',
          '--keep-alive',
          '--health',
          health,
          ...certificate,
          'posix',
          directory,
        ],
        environment: { ROOT_ACCESS_KEY: S3_ACCESS_KEY, ROOT_SECRET_KEY: S3_SECRET_KEY },
      };
    },
    isReady: (port) =>
      tls === undefined ? answers(http, port, health) : answers(https, port, health, { rejectUnauthorized: false }),
  });
}

function answers(
  { request }: typeof http | typeof https,
  port: number,
  path: string,
  options: https.RequestOptions = {},
): Promise<boolean> {
  return new Promise((resolve) => {
    request({ ...options, host: '127.0.0.1', port, path }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    })
      .once('error', () => resolve(false))
      .end();
  });
}
