/** An object store in a container of OpenStack Swift. Experimental: never run against a real Swift, for one process only. */
import { FlamelakeError } from '@flamelake/model';
import { keepFresh } from './keep-fresh.ts';
import { createRemoteStore, type RemoteStore, type RemoteStoreOptions } from './remote-store.ts';
import { createStoreClock } from './store-clock.ts';
import { openSwiftSession, type SwiftIdentity } from './swift-auth.ts';
import { createSwiftDriver } from './swift-driver.ts';

export type { SwiftIdentity } from './swift-auth.ts';

export interface SwiftStoreOptions extends RemoteStoreOptions {
  /** URL of Keystone, with or without `/v3`. */
  readonly authUrl: string;
  readonly identity: SwiftIdentity;
  readonly region?: string;
  readonly container: string;
}

/**
 * Opens a store; nothing is asked of it yet.
 * @throws {FlamelakeError} `invalid_argument` when container or URL is no name of one
 */
export function createSwiftStore(options: SwiftStoreOptions): RemoteStore {
  const { authUrl, identity, region = '', container, clock } = options;
  if (!/^https?:$/.test(URL.parse(authUrl)?.protocol ?? '')) {
    throw new FlamelakeError('invalid_argument', 'URL of the identity service must be http(s)://…', {
      authUrl,
      lookAt: 'store.swift.auth-url',
    });
  }
  if (container === '' || container.includes('/') || Buffer.byteLength(container) > 256) {
    throw new FlamelakeError('invalid_argument', 'container name is not valid', {
      container,
      lookAt: 'store.swift.container',
    });
  }
  const session = keepFresh(() => openSwiftSession({ authUrl, identity, region, clock }), clock);
  return createRemoteStore(createSwiftDriver(session, container, createStoreClock(clock)), options);
}
