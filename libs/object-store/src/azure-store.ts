/** An object store in a container of Azure Blob Storage. */
import { ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { FlamelakeError } from '@flamelake/model';
import { createAzureDriver } from './azure-driver.ts';
import type { AzureTokenSource } from './azure-tokens.ts';
import { createRemoteStore, type RemoteStore, type RemoteStoreOptions } from './remote-store.ts';
import { createStoreClock } from './store-clock.ts';

export { type AzureToken, type AzureTokenSource, ambientAzureTokens } from './azure-tokens.ts';

export interface AzureStoreOptions extends RemoteStoreOptions {
  readonly account: string;
  readonly container: string;
  /** URL of the account; empty is the public cloud's. */
  readonly endpoint?: string;
  /** A key of the account in base64, or tokens of an identity. */
  readonly credentials: { readonly accountKey: string } | { readonly tokens: AzureTokenSource };
}

/**
 * Opens a store; nothing is asked of the container yet.
 * @throws {FlamelakeError} `invalid_argument` when account, container or endpoint is no name of one
 */
export function createAzureStore(options: AzureStoreOptions): RemoteStore {
  const { account, container, credentials } = options;
  if (!/^[a-z0-9]{3,24}$/.test(account)) {
    throw new FlamelakeError('invalid_argument', 'name of the storage account is not valid', {
      account,
      lookAt: 'store.azure.account',
    });
  }
  if (!/^[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]$/.test(container)) {
    throw new FlamelakeError('invalid_argument', 'container name is not valid', {
      container,
      lookAt: 'store.azure.container',
    });
  }
  const endpoint = URL.parse(options.endpoint || `https://${account}.blob.core.windows.net`);
  if (endpoint === null || !/^https?:$/.test(endpoint.protocol) || endpoint.search !== '') {
    throw new FlamelakeError('invalid_argument', 'endpoint of the object store must be an http or https URL', {
      endpoint: options.endpoint ?? '',
      lookAt: 'store.azure.endpoint',
    });
  }
  const credential =
    'accountKey' in credentials
      ? new StorageSharedKeyCredential(account, credentials.accountKey)
      : {
          async getToken() {
            const { token, expiresMs } = await credentials.tokens();
            return { token, expiresOnTimestamp: expiresMs };
          },
        };
  const client = new ContainerClient(`${endpoint.href.replace(/\/$/, '')}/${container}`, credential, {
    // Retries are ours: the client would repeat puts whose outcome is unknown.
    retryOptions: { maxTries: 1 },
    keepAliveOptions: { enable: true },
  });
  return createRemoteStore(createAzureDriver(client, createStoreClock(options.clock)), options);
}
