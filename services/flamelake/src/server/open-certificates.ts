/** Certificates of the ports, as the options name their files. */
import { type Clock, FlamelakeError } from '@flamelake/model';
import type { InternalTls } from '@flamelake/rpc/internal';
import { type CertificateSource, type Logger, type Metrics, watchCertificates } from '@flamelake/runtime';
import type { ServeOptions } from '../options/serve-options.ts';

export interface OpenCertificates {
  /** undefined: the port speaks plain text. */
  readonly server: CertificateSource | undefined;
  readonly internal: InternalTls | undefined;
  close(): Promise<void>;
}

interface Surroundings {
  readonly options: ServeOptions;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** @throws {FlamelakeError} `invalid_argument` when an option is missing or a file cannot be used */
export async function openCertificates({ options, ...ports }: Surroundings): Promise<OpenCertificates> {
  const intervalMs = options['tls.reload-interval'];
  const closers: (() => Promise<void>)[] = [];
  const open = async (port: string, files: { readonly cert: string; readonly key: string; readonly ca?: string }) => {
    const source = await watchCertificates({ files, port, intervalMs, ...ports });
    closers.push(source.close);
    return source;
  };
  const close = async () => void (await Promise.all(closers.map((end) => end())));

  const server = given(options, ['server.tls.cert-file', 'server.tls.key-file'], 'server.tls.client-ca-file');
  const internal = given(options, ['internal.tls.cert-file', 'internal.tls.key-file', 'internal.tls.ca-file']);
  const serverName = options['internal.tls.server-name'];
  try {
    return {
      server: server && (await open('server', server)),
      internal: internal && {
        certificates: await open('internal', internal),
        ...(serverName !== '' && { serverName }),
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

type FileOption = Extract<keyof ServeOptions, `${'server' | 'internal'}.tls.${string}-file`>;

/** Paths of the files; undefined when none is named. Of those that belong together all must be. */
function given(
  options: ServeOptions,
  together: readonly FileOption[],
  optional?: FileOption,
): { readonly cert: string; readonly key: string; readonly ca?: string } | undefined {
  const named = [...together, ...(optional === undefined ? [] : [optional])].filter((name) => options[name] !== '');
  if (named.length === 0) return undefined;
  const missing = together.find((name) => options[name] === '');
  if (missing !== undefined) {
    const details = { given: named.join(', '), missing };
    throw new FlamelakeError('invalid_argument', 'TLS needs more options than are given', details);
  }
  const [cert = '', key = '', ca = optional === undefined ? '' : options[optional]] = together.map(
    (name) => options[name],
  );
  return { cert, key, ...(ca !== '' && { ca }) };
}
