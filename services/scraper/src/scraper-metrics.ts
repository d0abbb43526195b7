/** Metrics of the scraper. */
import type { Counter, Histogram, LabelledValue, Metrics } from '@flamelake/runtime';

export interface ScraperMetrics {
  readonly seconds: Histogram;
  readonly bytes: Counter;
  readonly resets: Counter;
  readonly reloadFailures: Counter;
  readonly discoveryFailures: Counter;
}

/** What gauges ask for. */
export interface ScraperGauges {
  /** Of each endpoint. */
  health(): readonly string[];
  refused(): number;
  isSound(): boolean;
  inFlightBytes(): number;
  snapshotBytes(): number;
  peers(): number;
}

export function createScraperMetrics(metrics: Metrics, gauges: ScraperGauges): ScraperMetrics {
  metrics.gauge(
    { name: 'scraper_endpoints', help: 'Profiles of targets that are scraped here, by health.', labels: ['health'] },
    () => countHealth(gauges.health()),
  );
  metrics.gauge(
    {
      name: 'scraper_endpoints_refused',
      help: 'Profiles of targets beyond scraper.targets-max, which are not scraped.',
    },
    gauges.refused,
  );
  metrics.gauge(
    {
      name: 'scraper_config_last_reload_successful',
      help: '0 while the scrape configuration is broken and older targets stay.',
    },
    () => (gauges.isSound() ? 1 : 0),
  );
  metrics.gauge(
    { name: 'scraper_in_flight_bytes', help: 'Bytes of answers that are being read.' },
    gauges.inFlightBytes,
  );
  metrics.gauge(
    { name: 'scraper_snapshot_bytes', help: 'Memory of cumulative snapshots that wait for the next one.' },
    gauges.snapshotBytes,
  );
  metrics.gauge({ name: 'scraper_peers', help: 'Scrapers that share the targets, this one included.' }, gauges.peers);
  return {
    seconds: metrics.histogram({
      name: 'scraper_scrape_seconds',
      help: 'Duration of scrapes until what came is stored, by result: stored or failed.',
      labels: ['result'],
    }),
    bytes: metrics.counter({
      name: 'scraper_received_bytes_total',
      help: 'Bytes of profiles as targets sent them.',
      labels: ['job'],
    }),
    resets: metrics.counter({
      name: 'scraper_counter_resets_total',
      help: 'Snapshots with counters below those before: the process was started again.',
    }),
    reloadFailures: metrics.counter({
      name: 'scraper_config_reload_failures_total',
      help: 'Times the scrape configuration was found broken or unreadable.',
    }),
    discoveryFailures: metrics.counter({
      name: 'scraper_discovery_failures_total',
      help: 'Times a list of targets could not be read; those known stay.',
    }),
  };
}

function countHealth(all: readonly string[]): readonly LabelledValue[] {
  return ['unknown', 'up', 'down'].map((health) => ({
    labels: { health },
    value: all.filter((one) => one === health).length,
  }));
}
