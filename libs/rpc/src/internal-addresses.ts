/** Where the processes of a role are: a fixed list, or a DNS name looked up again and again, as they come and go. */
import { lookup as systemLookup } from 'node:dns/promises';
import { type Clock, FlamelakeError } from '@flamelake/model';

export type AddressSource =
  | { readonly addresses: readonly string[] }
  /** Every address the name has, each with the port. */
  | { readonly name: string; readonly port: number };

export interface AddressWatchOptions {
  readonly clock: Clock;
  /** Time between look-ups. */
  readonly intervalMs: number;
  /** Called with sorted, distinct `host:port`, at first and whenever they differ from before. */
  readonly onChange: (addresses: readonly string[]) => void;
  /** A name that cannot be looked up, or has no address now: what was known stays. */
  readonly onFailure: (error: FlamelakeError) => void;
  /** The system's by default: files, search domains and DNS as they are configured. */
  readonly lookup?: (name: string) => Promise<readonly string[]>;
}

export interface AddressWatch {
  close(): Promise<void>;
}

/** Most addresses of a role. */
const ADDRESSES_MAX = 1_024;

/**
 * Reads `host:port,host:port,…`, or `dns:name:port`.
 * @throws {FlamelakeError} `invalid_argument`
 */
export function parseAddressSource(text: string): AddressSource {
  const name = /^dns:(.+)$/.exec(text)?.[1];
  const addresses = (name ?? text)
    .split(',')
    .map((address) => address.trim())
    .filter((address) => address !== '');
  for (const address of addresses) {
    const port = Number(/^(?:[^\s:[\]]+|\[[0-9a-fA-F:.]+\]):(\d{1,5})$/.exec(address)?.[1]);
    if (!(port >= 1 && port <= 65_535)) throw malformed(text);
  }
  const [first] = addresses;
  if (first === undefined || (name !== undefined && addresses.length > 1)) throw malformed(text);
  if (name === undefined) return { addresses };
  const colon = first.lastIndexOf(':');
  return { name: first.slice(0, colon), port: Number(first.slice(colon + 1)) };
}

function malformed(text: string): FlamelakeError {
  return new FlamelakeError('invalid_argument', 'addresses cannot be read', {
    addresses: text.slice(0, 256),
    expected: 'host:port,host:port or dns:name:port',
  });
}

/** Watches where a role is. A fixed list is told once, before this returns. */
export function watchAddresses(source: AddressSource, options: AddressWatchOptions): AddressWatch {
  if ('addresses' in source) {
    options.onChange(distinct(source.addresses));
    return { close: () => Promise.resolve() };
  }
  const closed = new AbortController();
  const done = watchName(source, options, closed.signal);
  return {
    async close() {
      closed.abort();
      await done;
    },
  };
}

async function watchName(
  { name, port }: { readonly name: string; readonly port: number },
  { clock, intervalMs, onChange, onFailure, lookup = lookupAll }: AddressWatchOptions,
  closed: AbortSignal,
): Promise<void> {
  let known: readonly string[] = [];
  while (!closed.aborted) {
    try {
      const hosts = await lookup(name);
      const found = distinct(hosts.map((host) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)));
      if (found.length === 0) onFailure(new FlamelakeError('unavailable', 'name has no address', { name }));
      else if (!closed.aborted && found.join() !== known.join()) {
        known = found;
        onChange(found);
      }
    } catch (cause) {
      onFailure(new FlamelakeError('unavailable', 'name cannot be looked up', { name }, { cause }));
    }
    await clock.sleep(intervalMs, closed);
  }
}

async function lookupAll(name: string): Promise<readonly string[]> {
  const found = await systemLookup(name, { all: true, order: 'verbatim' });
  return found.map(({ address }) => address);
}

function distinct(addresses: readonly string[]): readonly string[] {
  return [...new Set(addresses)].sort().slice(0, ADDRESSES_MAX);
}
