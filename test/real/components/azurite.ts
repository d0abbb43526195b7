/** Azure Blob Storage for tests: Azurite, in memory. */
import { ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { installNpm } from './install.ts';
import { type RunningServer, startServer } from './server.ts';

export const AZURE_ACCOUNT = 'testaccount';
export const AZURE_KEY = Buffer.from('a key of a test account').toString('base64');
export const AZURE_CONTAINER = 'flamelake';

const VERSION = '3.37.0';

export const installAzurite = () => installNpm(`azurite-${VERSION}`, `azurite@${VERSION}`);

/** Starts it with an empty container; its account is ours alone. */
export async function startAzurite(folder: string): Promise<RunningServer> {
  const server = await startServer({
    name: 'azurite',
    command: (port) => ({
      program: process.execPath,
      words: [
        `${folder}/node_modules/azurite/dist/src/blob/main.js`,
        '--blobHost=127.0.0.1',
        `--blobPort=${port}`,
        '--inMemoryPersistence',
        '--silent',
        // The client speaks a later version of the protocol than Azurite knows.
        '--skipApiVersionCheck',
        '--disableTelemetry',
      ],
      environment: { AZURITE_ACCOUNTS: `${AZURE_ACCOUNT}:${AZURE_KEY}` },
    }),
    isReady: async (port) => {
      const answer = await fetch(`http://127.0.0.1:${port}/${AZURE_ACCOUNT}?comp=list`);
      // A stranger on the port does not know the account; ours refuses an unsigned request.
      await answer.arrayBuffer();
      return answer.status === 403 && /Azurite/.test(answer.headers.get('server') ?? '');
    },
  });
  await containerOf(server).create();
  return server;
}

export const azureEndpoint = (server: RunningServer) => `http://127.0.0.1:${server.port}/${AZURE_ACCOUNT}`;

function containerOf(server: RunningServer): ContainerClient {
  const credential = new StorageSharedKeyCredential(AZURE_ACCOUNT, AZURE_KEY);
  return new ContainerClient(`${azureEndpoint(server)}/${AZURE_CONTAINER}`, credential);
}
