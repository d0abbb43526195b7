/** Which addresses may be connected to: whoever can write a list of targets must not reach everything this machine can. */
import type { LookupAddress } from 'node:dns';
import { lookup as lookupName } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { FlamelakeError } from '@flamelake/model';

export interface NetworkPolicy {
  /** Of an IP address. */
  mayConnect(address: string): boolean;
  /** Resolves names as sockets do, to permitted addresses only: what is checked is what is connected to. */
  readonly lookup: LookupFunction;
}

/**
 * @param allowed - networks such as `10.0.0.0/8,::1`; if empty, all
 * @param denied - networks that are not reached though allowed
 * @throws {FlamelakeError} `invalid_argument` for what is no network
 */
export function createNetworkPolicy(allowed: string, denied: string): NetworkPolicy {
  const allow = readNetworks(allowed);
  const deny = readNetworks(denied);
  const mayConnect = (address: string): boolean => {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    return !deny?.check(address, family) && (allow === undefined || allow.check(address, family));
  };
  const lookup: LookupFunction = (host, options, callback) => {
    lookupName(host, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error !== null) return callback(error, '');
      const permitted = found.filter(({ address }) => mayConnect(address));
      if (permitted.length === 0) {
        return callback(forbidden(host, found.map(({ address }) => address).join(' ')), '');
      }
      if (options.all === true) return callback(null, permitted);
      return callback(null, permitted[0].address, permitted[0].family);
    });
  };
  return { mayConnect, lookup };
}

/** For an address that may not be connected to. */
export function forbidden(host: string, addresses: string): FlamelakeError {
  return new FlamelakeError('permission_denied', 'address is in no network that may be scraped', {
    host,
    addresses,
    options: 'scraper.allow-networks, scraper.deny-networks',
  });
}

function readNetworks(text: string): BlockList | undefined {
  const networks = text.split(/[\s,]+/).filter((network) => network !== '');
  if (networks.length === 0) return undefined;
  const list = new BlockList();
  for (const network of networks) {
    const [address, prefix, more] = network.split('/');
    const version = isIP(address);
    const bits = prefix === undefined ? (version === 6 ? 128 : 32) : Number(prefix);
    const isNetwork = version !== 0 && more === undefined && prefix !== '' && Number.isInteger(bits);
    if (!isNetwork || bits < 0 || bits > (version === 6 ? 128 : 32)) {
      const expected = 'networks such as 10.0.0.0/8, separated by commas';
      throw new FlamelakeError('invalid_argument', 'network cannot be read', { network, expected });
    }
    list.addSubnet(address, bits, version === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}
