/** Certificates for tests, made by openssl. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CertificateSource, Certificates } from '@flamelake/runtime';

/** The name that they are all for, besides this machine's. */
export const CERTIFICATE_NAME = 'querier.test';

/** A certificate that is its own authority. */
export function makeCertificate(name: string): Required<Certificates> {
  const directory = mkdtempSync(join(tmpdir(), 'flamelake-tls-'));
  try {
    const [keyFile, certFile] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
    const names = `subjectAltName=DNS:${CERTIFICATE_NAME},DNS:localhost,IP:127.0.0.1`;
    const words = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'];
    execFileSync(
      'openssl',
      [...words, '-subj', `/CN=${name}`, '-addext', names, '-keyout', keyFile, '-out', certFile],
      {
        stdio: 'ignore',
      },
    );
    const cert = readFileSync(certFile, 'utf8');
    return { ca: cert, cert, key: readFileSync(keyFile, 'utf8') };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Certificates that a test exchanges. */
export function exchangeable(first: Certificates): CertificateSource & { exchange(next: Certificates): void } {
  let now = first;
  const listeners = new Set<(certificates: Certificates) => void>();
  return {
    current: () => now,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    exchange(next) {
      now = next;
      for (const listener of listeners) listener(next);
    },
  };
}
