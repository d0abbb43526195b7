/** Which of the addresses of a role is this process: the one that is an address, or the name, of this machine. */
import { hostname, networkInterfaces } from 'node:os';

/** Addresses and names by which others may know this machine. */
export function ownHosts(): ReadonlySet<string> {
  const interfaces = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return new Set([hostname(), ...interfaces.map(({ address }) => address)]);
}

/**
 * @param addresses - `host:port`; a host name counts when it is this machine's, with or without a domain behind it
 * @returns undefined when none is, or several are: processes that share a machine are told apart only by being told
 */
export function findOwnAddress(addresses: readonly string[], hosts: ReadonlySet<string>): string | undefined {
  const own = addresses.filter((address) => {
    const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
    // The first part of an address is no name of a machine.
    return hosts.has(host) || (!/^[\d.]+$|:/.test(host) && hosts.has(host.split('.')[0]));
  });
  return own.length === 1 ? own[0] : undefined;
}
