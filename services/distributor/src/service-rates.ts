/** How many profiles a second each service sends here, and how many partitions that makes: a recommendation, nothing more. */
import type { Clock } from '@flamelake/model';
import type { Metrics } from '@flamelake/runtime';

export interface ServiceRates {
  /** Counts a profile that was placed. */
  count(tenant: string, service: string): void;
}

/** Profiles a second that one partition is meant to take. */
const PARTITION_RATE = 300;
const WINDOW_MS = 60_000;
/** Services counted in a window; those that come later are not. */
const SERVICES_MAX = 10_000;
/** Services shown: the busiest. */
const SHOWN_MAX = 100;
/** Less than a tenth of a partition is not worth a line. */
const SHOWN_MIN = 0.1;

interface Count {
  readonly tenant: string;
  readonly service: string;
  profiles: number;
}

export function createServiceRates({ clock, metrics }: { clock: Clock; metrics: Metrics }): ServiceRates {
  let counts = new Map<string, Count>();
  let startMs = clock.monotonicMs();
  /** Of the last whole window, the busiest first. */
  let shown: readonly { readonly labels: { tenant: string; service: string }; readonly value: number }[] = [];

  function advance(): void {
    const elapsedMs = clock.monotonicMs() - startMs;
    if (elapsedMs < WINDOW_MS) return;
    shown = [...counts.values()]
      .map(({ tenant, service, profiles }) => ({
        labels: { tenant, service },
        value: (profiles * 1_000) / elapsedMs / PARTITION_RATE,
      }))
      .filter(({ value }) => value >= SHOWN_MIN)
      .sort((a, b) => b.value - a.value)
      .slice(0, SHOWN_MAX);
    counts = new Map();
    startMs += elapsedMs;
  }

  metrics.gauge(
    {
      name: 'distributor_recommended_shards',
      help: `Partitions' worth of profiles of a service, ${PARTITION_RATE} a second each; the sum over distributors, rounded up, is how many it wants`,
      labels: ['tenant', 'service'],
    },
    () => {
      advance();
      return shown;
    },
  );
  return {
    count(tenant, service) {
      advance();
      const key = `${tenant}\0${service}`;
      const count = counts.get(key);
      if (count !== undefined) count.profiles++;
      else if (counts.size < SERVICES_MAX) counts.set(key, { tenant, service, profiles: 1 });
    },
  };
}
