/** Options of the scraper, which fetches profiles itself. */
import type { OptionTable } from './option.ts';

const MIB = 1_048_576;

export const SCRAPER_OPTIONS = {
  'scraper.config-file': {
    kind: 'text',
    default: '',
    description: 'YAML file with scrape-configs, read again as it changes; empty: nothing is scraped',
  },
  'scraper.tenant': {
    kind: 'text',
    default: '',
    description:
      'tenant of scraped profiles, and whose requests see the targets; with multitenancy there is no default',
  },
  'scraper.push-url': {
    kind: 'text',
    default: '',
    description: 'where a scraper of its own pushes to: the URL of the distributors',
  },
  'scraper.peers': {
    kind: 'text',
    default: '',
    description:
      'all scrapers, which share the targets: host:port,host:port, dns:name:port or file:path; empty: each scrapes everything',
  },
  'scraper.address': {
    kind: 'text',
    default: '',
    description:
      'which of scraper.peers this process is; if empty the one with an address, or the name, of this machine',
  },
  'scraper.allow-networks': {
    kind: 'text',
    default: '',
    description: 'networks of targets and lists of targets, as in 10.0.0.0/8,::1; empty: all',
  },
  'scraper.deny-networks': {
    kind: 'text',
    default: '169.254.0.0/16,fe80::/10,fd00:ec2::254',
    description: 'networks that are not reached though allowed; by default those where clouds keep credentials',
  },
  'scraper.reload-interval': {
    kind: 'duration',
    min: 100,
    max: 3_600_000,
    default: 5_000,
    description: 'how often the configuration and files of targets are looked at; a broken one changes nothing',
  },
  'scraper.targets-max': {
    kind: 'integer',
    min: 1,
    max: 1_000_000,
    default: 10_000,
    unit: 'profiles of targets',
    description: 'most that one process scrapes',
  },
  'scraper.concurrency-max': {
    kind: 'integer',
    min: 1,
    max: 100_000,
    default: 1_000,
    unit: 'scrapes',
    description: 'most at the same time; a CPU profile takes its whole duration',
  },
  'scraper.in-flight-size-max': {
    kind: 'bytes',
    min: MIB,
    max: 64 * 1024 * MIB,
    default: 128 * MIB,
    description: 'bytes of answers that are being read, of all targets',
  },
  'scraper.snapshots-size-max': {
    kind: 'bytes',
    min: MIB,
    max: 64 * 1024 * MIB,
    default: 256 * MIB,
    description: 'memory of cumulative snapshots, of which the change is stored',
  },
} as const satisfies OptionTable;
