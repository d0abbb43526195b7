/**
 * Certificate and key of a port, read again when their files change, as cert-manager and the like change them. Files are read again and
 * compared rather than watched: a mounted secret changes by a swapped link that watchers miss.
 */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { type Clock, FlamelakeError } from '@flamelake/model';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

/** PEM texts. */
export interface Certificates {
  readonly cert: string;
  readonly key: string;
  /** Who signs the other side's certificates; without it the other side shows none. */
  readonly ca?: string;
}

/** Certificates as they are now. */
export interface CertificateSource {
  current(): Certificates;
  /** Calls back at each change from now on. @returns ends it */
  subscribe(listener: (certificates: Certificates) => void): () => void;
}

export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
}

export interface CertificateWatchOptions {
  readonly files: CertificateFiles;
  /** Names them in metrics and log lines. */
  readonly port: string;
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/**
 * Reads the files, and again at each interval. What cannot be used - half written, a key of another certificate - changes nothing.
 * @throws {FlamelakeError} `invalid_argument` when the files cannot be used at first
 */
export async function watchCertificates(
  options: CertificateWatchOptions,
): Promise<CertificateSource & { close(): Promise<void> }> {
  const { files, port, intervalMs, clock, logger, metrics } = options;
  let certificates = await readCertificates(files);
  const listeners = new Set<(certificates: Certificates) => void>();
  const closed = new AbortController();
  const notAfter = metrics.gauge({
    name: 'tls_certificate_not_after_seconds',
    help: 'When the certificate in use expires, seconds since 1970.',
    labels: ['port'],
  });
  const failures = metrics.counter({
    name: 'tls_reload_failures_total',
    help: 'Times that changed certificate files could not be used.',
    labels: ['port'],
  });
  const show = () => notAfter.set(expiryOf(certificates), { port });
  const look = async () => {
    const found = await readCertificates(files);
    if (found.cert === certificates.cert && found.key === certificates.key && found.ca === certificates.ca) return;
    certificates = found;
    show();
    logger.info('certificates were read again', { port });
    for (const listener of listeners) listener(found);
  };
  const run = async () => {
    while (!closed.signal.aborted) {
      await clock.sleep(intervalMs, closed.signal);
      if (closed.signal.aborted) return;
      await look().catch((error: unknown) => {
        failures.add(1, { port });
        logger.warn('certificate files cannot be used; what was read before stays', { port, error });
      });
    }
  };
  show();
  const running = run();
  return {
    current: () => certificates,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      closed.abort();
      await running;
    },
  };
}

function expiryOf({ cert }: Certificates): number {
  return Date.parse(new X509Certificate(cert).validTo) / 1000;
}

async function readCertificates(files: CertificateFiles): Promise<Certificates> {
  const [cert, key, ca] = await Promise.all([readPem(files.cert), readPem(files.key), files.ca && readPem(files.ca)]);
  try {
    createSecureContext({ cert, key, ca });
  } catch (cause) {
    const details = { certFile: files.cert, keyFile: files.key, caFile: files.ca ?? '', reason: String(cause) };
    throw new FlamelakeError('invalid_argument', 'certificate and key cannot be used', details, { cause });
  }
  return ca === undefined ? { cert, key } : { cert, key, ca };
}

async function readPem(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new FlamelakeError('invalid_argument', 'certificate file cannot be read', { file }, { cause });
  }
}
