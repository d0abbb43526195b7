/** S3 for tests: versitygw over a directory. */
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { installGo } from './install.ts';
import { type RunningServer, startServer } from './server.ts';

export const S3_ACCESS_KEY = 'testkey';
export const S3_SECRET_KEY = 'testsecret1';
export const S3_BUCKET = 'flamelake';

const VERSION = 'v1.8.0';

export const installVersitygw = () =>
  installGo(`versitygw-${VERSION}`, `github.com/versity/versitygw/cmd/versitygw@${VERSION}`);

/** Starts it with an empty bucket. Its files are objects: a key cannot be an object and a folder at once. */
export function startVersitygw(folder: string): Promise<RunningServer> {
  // A path nobody else answers on, so that a stranger on the port is no server of ours.
  const health = `/health-${randomUUID()}`;
  return startServer({
    name: 'versitygw',
    command(port, directory) {
      // A bucket is a directory.
      mkdirSync(`${directory}/${S3_BUCKET}`);
      return {
        program: `${folder}/versitygw`,
        words: ['--port', `127.0.0.1:${port}`, '--quiet', '--keep-alive', '--health', health, 'posix', directory],
        environment: { ROOT_ACCESS_KEY: S3_ACCESS_KEY, ROOT_SECRET_KEY: S3_SECRET_KEY },
      };
    },
    isReady: async (port) => (await fetch(`http://127.0.0.1:${port}${health}`)).status === 200,
  });
}
