import { after } from 'node:test';
import { createAzureStore } from '@flamelake/object-store/azure';
import { systemClock, systemRandom } from '@flamelake/runtime';
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
let server: RunningServer | undefined;
after(() => server?.stop());

objectStoreContract('Azure Blob Storage (Azurite)', {
  ...(installed.skip === undefined ? {} : { skip: installed.skip }),
  sortsUtf16: true,
  async open() {
    if (installed.skip === undefined) server ??= await startAzurite(installed.path);
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
