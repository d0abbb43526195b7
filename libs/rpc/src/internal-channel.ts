/** What both ends of an internal connection agree on. */

import { type CertificateSource, type Certificates } from '@flamelake/runtime';
import { experimental } from '@grpc/grpc-js';

type CertificateProvider = Parameters<typeof experimental.createCertificateProviderChannelCredentials>[0];

/** Each side shows its certificate and believes those whom `ca` has signed: without `ca` it believes nobody. */
export interface InternalTls {
  readonly certificates: CertificateSource;
  /** Name the server's certificate is for, where its address is not that name. */
  readonly serverName?: string;
}

/** Certificates as grpc-js asks for them: new connections use the newest. */
export function certificateProvider({ certificates }: InternalTls): CertificateProvider {
  const ends = new Map<unknown, () => void>();
  const add = <T>(listener: (update: T) => void, updateOf: (now: Certificates) => T): void => {
    ends.set(
      listener,
      certificates.subscribe((now) => listener(updateOf(now))),
    );
    // grpc-js asks before it listens itself: an answer in the same turn would be lost.
    queueMicrotask(() => {
      if (ends.has(listener)) listener(updateOf(certificates.current()));
    });
  };
  const remove = (listener: unknown): void => {
    ends.get(listener)?.();
    ends.delete(listener);
  };
  return {
    addCaCertificateListener: (listener) =>
      add(listener, ({ ca }) => (ca === undefined ? null : { caCertificate: Buffer.from(ca) })),
    removeCaCertificateListener: remove,
    addIdentityCertificateListener: (listener) =>
      add(listener, ({ cert, key }) => ({ certificate: Buffer.from(cert), privateKey: Buffer.from(key) })),
    removeIdentityCertificateListener: remove,
  };
}

/** Largest message, 129 MiB: a partial result of 128 MiB and its frame. */
export const MESSAGE_BYTES_MAX = 135_266_304;
