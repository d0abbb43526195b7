import { after } from 'node:test';
import { createAzureStore } from '@flamelake/object-store/azure';
import { systemClock, systemRandom } from '@flamelake/runtime';
import { bucketContract } from './bucket.contract.ts';
import {
  AZURE_ACCOUNT,
  AZURE_CONTAINER,
  AZURE_KEY,
  azureEndpoint,
  installAzurite,
  startAzurite,
} from './components/azurite.ts';
import type { RunningServer } from './components/server.ts';
import { objectStoreContract } from './object-store.contract.ts';

const installed = await installAzurite();
let starting: Promise<RunningServer> | undefined;
after(async () => (await starting)?.stop());

objectStoreContract('Azure Blob Storage (Azurite)', {
  ...(installed.skip === undefined ? {} : { skip: installed.skip }),
  sortsUtf16: true,
  async open() {
    if (installed.skip === undefined) starting ??= startAzurite(installed.path);
    const server = await starting;
    return createAzureStore({
      clock: systemClock,
      random: systemRandom,
      endpoint: server === undefined ? '' : azureEndpoint(server),
      account: AZURE_ACCOUNT,
      container: AZURE_CONTAINER,
      prefix: 'some/where',
      credentials: { accountKey: AZURE_KEY },
    });
  },
});

bucketContract('Azure Blob Storage (Azurite)', {
  skip: installed.skip,
  async open() {
    if (installed.skip === undefined) starting ??= startAzurite(installed.path);
    const server = await starting;
    return createAzureStore({
      clock: systemClock,
      random: systemRandom,
      endpoint: server === undefined ? '' : azureEndpoint(server),
      account: AZURE_ACCOUNT,
      container: 'made-here',
      credentials: { accountKey: AZURE_KEY },
    });
  },
});
