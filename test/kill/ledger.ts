/** What the clients know: every profile they ever sent, what became of it, and who has seen it. All times are of the driver's monotonic clock. */

import type { NamedPartition } from '@flamelake/catalog';

export interface Entry {
  /** Function that only this profile has. */
  readonly id: string;
  readonly service: string;
  readonly pod: string;
  readonly value: number;
  /** The profile's own time, ms since 1970. */
  readonly timeMs: number;
  /** One that is not must be refused. */
  readonly isSound: boolean;
  /** When the first acknowledgement was in hand. */
  acknowledgedMs: number | undefined;
  /** When the first answer that counts it was in hand. */
  seenMs: number | undefined;
  isRefused: boolean;
  /** Somebody asked for a delete that matches it: it may be gone, whatever came of that. */
  mayGo: boolean;
  /** Somebody asked for a pin that matches it: it may stay, whatever came of that. */
  mayStay: boolean;
  /** A snapshot that has an acknowledged delete, or pin, that is surely about it: later ones have it, too. */
  deletedIn: readonly NamedPartition[] | undefined;
  pinnedIn: readonly NamedPartition[] | undefined;
}

/** The newest acknowledged push of a service. */
export interface Acknowledgement {
  readonly entry: Entry;
  readonly token: string;
  /** When the attempt that was acknowledged was sent: whatever was acknowledged before lies before it in the log. */
  readonly sentMs: number;
}

export interface Ledger {
  readonly services: readonly string[];
  tenantOf(service: string): string | undefined;
  /** Profiles of the service that are older have expired at that time; ms since 1970. */
  expireBefore(service: string, atMs: number): number;
  readonly entries: readonly Entry[];
  of(service: string): readonly Entry[];
  add(entry: Pick<Entry, 'service' | 'pod' | 'value' | 'timeMs' | 'isSound'>): Entry;
  acknowledge(entry: Entry, token: string, sentMs: number): void;
  newest(service: string): Acknowledgement | undefined;
}

/** By default there is one tenant, whose profiles do not expire. */
export type TenantRules = Pick<Ledger, 'tenantOf' | 'expireBefore'>;

const ONE_TENANT: TenantRules = { tenantOf: () => undefined, expireBefore: () => Number.NEGATIVE_INFINITY };

export function createLedger(services: readonly string[], rules = ONE_TENANT): Ledger {
  const entries: Entry[] = [];
  const byService = new Map<string, Entry[]>(services.map((service) => [service, []]));
  const newest = new Map<string, Acknowledgement>();
  return {
    ...rules,
    services,
    entries,
    of: (service) => byService.get(service) ?? [],
    add(facts) {
      const entry: Entry = {
        ...facts,
        id: `profile_${entries.length}`,
        acknowledgedMs: undefined,
        seenMs: undefined,
        isRefused: false,
        mayGo: false,
        mayStay: false,
        deletedIn: undefined,
        pinnedIn: undefined,
      };
      entries.push(entry);
      byService.get(entry.service)?.push(entry);
      return entry;
    },
    acknowledge(entry, token, sentMs) {
      entry.acknowledgedMs ??= performance.now();
      const known = newest.get(entry.service);
      if (known === undefined || known.sentMs < sentMs) newest.set(entry.service, { entry, token, sentMs });
    },
    newest: (service) => newest.get(service),
  };
}
