/** Where the processes of a role are: a fixed list, or a DNS name or a file looked at again and again, as they come and go. */
import { lookup as systemLookup } from 'node:dns/promises';
import { open } from 'node:fs/promises';
import { type Clock, FlamelakeError } from '@flamelake/model';

export type AddressSource =
  | { readonly addresses: readonly string[] }
  /** Every address the name has, each with the port. */
  | { readonly name: string; readonly port: number }
  /** A file of `host:port`, separated by commas, blanks or lines. */
  | { readonly file: string };

export interface AddressWatchOptions {
  readonly clock: Clock;
  /** Time between look-ups. */
  readonly intervalMs: number;
  /** Called with sorted, distinct `host:port`, at first and whenever they differ from before. */
  readonly onChange: (addresses: readonly string[]) => void;
  /** A name or file that cannot be looked up, or has no address now: what was known stays. */
  readonly onFailure: (error: FlamelakeError) => void;
  /** The system's by default: files, search domains and DNS as they are configured. */
  readonly lookup?: (name: string) => Promise<readonly string[]>;
}

export interface AddressWatch {
  close(): Promise<void>;
}

/** Most addresses of a role. */
const ADDRESSES_MAX = 1_024;
/** Largest file of addresses, 256 KiB. */
const FILE_BYTES_MAX = 262_144;

/**
 * Reads `host:port,host:port,…`, `dns:name:port` or `file:path`.
 * @throws {FlamelakeError} `invalid_argument`
 */
export function parseAddressSource(text: string): AddressSource {
  const [, kind, rest] = /^(dns|file):(.+)$/.exec(text) ?? [];
  if (kind === 'file') return { file: rest };
  const addresses = parseAddresses(rest ?? text);
  const [first] = addresses;
  if (first === undefined || (kind === 'dns' && addresses.length > 1)) throw malformed(text);
  if (kind === undefined) return { addresses };
  const colon = first.lastIndexOf(':');
  return { name: first.slice(0, colon), port: Number(first.slice(colon + 1)) };
}

/** @throws {FlamelakeError} `invalid_argument` on anything but `host:port` between the separators */
function parseAddresses(text: string, separator: string | RegExp = ','): readonly string[] {
  const addresses = text
    .split(separator)
    .map((address) => address.trim())
    .filter((address) => address !== '');
  for (const address of addresses) {
    const port = Number(/^(?:[^\s:[\]]+|\[[0-9a-fA-F:.]+\]):(\d{1,5})$/.exec(address)?.[1]);
    if (!(port >= 1 && port <= 65_535)) throw malformed(text);
  }
  return addresses;
}

function malformed(text: string): FlamelakeError {
  return new FlamelakeError('invalid_argument', 'addresses cannot be read', {
    addresses: text.slice(0, 256),
    expected: 'host:port,host:port or dns:name:port or file:path',
  });
}

/** Watches where a role is. A fixed list is told once, before this returns. */
export function watchAddresses(source: AddressSource, options: AddressWatchOptions): AddressWatch {
  if ('addresses' in source) {
    options.onChange(distinct(source.addresses));
    return { close: () => Promise.resolve() };
  }
  const closed = new AbortController();
  const done = watch(source, options, closed.signal);
  return {
    async close() {
      closed.abort();
      await done;
    },
  };
}

type ChangingSource = Exclude<AddressSource, { readonly addresses: readonly string[] }>;

async function watch(source: ChangingSource, options: AddressWatchOptions, closed: AbortSignal): Promise<void> {
  const { clock, intervalMs, onChange, onFailure, lookup = lookupAll } = options;
  const details: Readonly<Record<string, string>> = 'file' in source ? { file: source.file } : { name: source.name };
  let known: readonly string[] = [];
  while (!closed.aborted) {
    try {
      const found = distinct('file' in source ? await readAddresses(source.file) : await lookUp(source, lookup));
      if (found.length === 0) onFailure(new FlamelakeError('unavailable', 'there is no address now', details));
      else if (!closed.aborted && found.join() !== known.join()) {
        known = found;
        onChange(found);
      }
    } catch (cause) {
      onFailure(new FlamelakeError('unavailable', 'addresses cannot be looked up', details, { cause }));
    }
    await clock.sleep(intervalMs, closed);
  }
}

async function lookUp(
  { name, port }: Extract<AddressSource, { readonly name: string }>,
  lookup: (name: string) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const hosts = await lookup(name);
  return hosts.map((host) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`));
}

async function readAddresses(path: string): Promise<readonly string[]> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    if (size > FILE_BYTES_MAX) {
      throw new FlamelakeError('invalid_argument', 'file of addresses is too large', { size, limit: FILE_BYTES_MAX });
    }
    return parseAddresses(await file.readFile('utf8'), /[\s,]+/);
  } finally {
    await file.close();
  }
}

async function lookupAll(name: string): Promise<readonly string[]> {
  const found = await systemLookup(name, { all: true, order: 'verbatim' });
  return found.map(({ address }) => address);
}

function distinct(addresses: readonly string[]): readonly string[] {
  return [...new Set(addresses)].sort().slice(0, ADDRESSES_MAX);
}
