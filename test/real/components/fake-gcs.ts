/** Google Cloud Storage for tests: fake-gcs-server, in memory. */
import { installGo } from './install.ts';
import { type RunningServer, startServer } from './server.ts';

export const GCS_BUCKET = 'flamelake';

const VERSION = 'v1.56.1';

export const installFakeGcs = () =>
  installGo(`fake-gcs-server-${VERSION}`, `github.com/fsouza/fake-gcs-server@${VERSION}`);

/** Starts it with an empty bucket. */
export function startFakeGcs(folder: string): Promise<RunningServer> {
  return startServer({
    name: 'fake-gcs',
    command: (port) => ({
      program: `${folder}/fake-gcs-server`,
      words: [
        '-scheme',
        'http',
        '-host',
        '127.0.0.1',
        '-port',
        String(port),
        '-backend',
        'memory',
        '-log-level',
        'info',
      ],
    }),
    async isReady(port, output) {
      // It says so itself; a stranger on the port does not make it say it.
      if (!output.includes(`server started at http://127.0.0.1:${port}`)) return false;
      const body = JSON.stringify({ name: GCS_BUCKET });
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`http://127.0.0.1:${port}/storage/v1/b?project=test`, {
        method: 'POST',
        headers,
        body,
      });
      await answer.arrayBuffer();
      return answer.status === 200;
    },
  });
}
