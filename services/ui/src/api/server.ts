/** What the server says of itself: options, metrics, targets. */
import type { Caller } from './querier.ts';

/** Options by name, as the server writes them: one a line. */
export type Options = ReadonlyMap<string, string>;

export interface Metric {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

export interface Target {
  readonly job: string;
  readonly url: string;
  readonly profile: string;
  readonly health: string;
  readonly lastError: string;
  readonly lastScrape: string | undefined;
}

/** What a tenant has stored, as the catalog knows it. */
export interface StoredData {
  readonly dataIngested: boolean;
  readonly oldestProfileMs: number;
  readonly newestProfileMs: number;
  /** Blocks that hold nothing later are not counted; 0 when all are. */
  readonly countedFromMs: number;
  /** Level 0 are segments that are in no block yet. */
  readonly levels: readonly { readonly level: number; readonly blocks: number; readonly bytes: number }[];
  readonly pendingDeletes: number;
  readonly pins: number;
}

export async function storedData(caller: Caller): Promise<StoredData> {
  const text = await textOf('/api/v1/status/data', caller);
  if (text === undefined) throw new Error('this server does not tell what it has stored');
  return JSON.parse(text) as StoredData;
}

/** Options of the server; none when it does not tell. */
export async function serverOptions(signal: AbortSignal): Promise<Options> {
  return parseOptions((await textOf('/api/v1/status/config', { tenant: '', signal })) ?? '');
}

/** Options that hold for the tenant that asks. */
export async function tenantOptions(caller: Caller): Promise<Options> {
  return parseOptions((await textOf('/runtime_config', caller)) ?? '');
}

export async function serverVersion(signal: AbortSignal): Promise<string> {
  const text = await textOf('/api/v1/status/buildinfo', { tenant: '', signal });
  const { data = {} } = JSON.parse(text ?? '{}') as { data?: { version?: string } };
  return data.version ?? '';
}

export async function serverMetrics(signal: AbortSignal): Promise<readonly Metric[]> {
  return parseMetrics((await textOf('/metrics', { tenant: '', signal })) ?? '');
}

/** Of a server that scrapes. */
export async function scrapeTargets(caller: Caller): Promise<readonly Target[]> {
  const text = (await textOf('/api/v1/targets', caller)) ?? '{}';
  const { data: { activeTargets = [] } = {} } = JSON.parse(text) as {
    data?: {
      activeTargets?: readonly {
        scrapePool: string;
        scrapeUrl: string;
        profile: string;
        health: string;
        lastError: string;
        lastScrape: string | null;
      }[];
    };
  };
  return activeTargets.map(({ scrapePool, scrapeUrl, profile, health, lastError, lastScrape }) => ({
    job: scrapePool,
    url: scrapeUrl,
    profile,
    health,
    lastError,
    lastScrape: lastScrape ?? undefined,
  }));
}

/** @returns undefined when there is nothing at the path */
async function textOf(path: string, { tenant, signal }: Caller): Promise<string | undefined> {
  const response = await fetch(path, { signal, headers: tenant === '' ? {} : { 'x-scope-orgid': tenant } });
  if (response.status === 404) return undefined;
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text;
}

/** Lines `name: value`; what is more than a line is left out. */
export function parseOptions(text: string): Options {
  const options = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name, value] = /^([\w.-]+): "?(.*?)"?$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) options.set(name, value);
  }
  return options;
}

/** Samples of the text format of Prometheus. */
export function parseMetrics(text: string): readonly Metric[] {
  return text.split('\n').flatMap((line): Metric[] => {
    const [, name, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
    if (name === undefined) return [];
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(
      ([, key = '', text = '']) => [key, text] as const,
    );
    return [{ name, labels: new Map(pairs), value: Number(value) }];
  });
}

/** Sum of a metric's samples that have a label's value; of all without one. */
export function sumOf(metrics: readonly Metric[], name: string, label = '', value = ''): number {
  return metrics
    .filter((one) => one.name === name && (label === '' || one.labels.get(label) === value))
    .reduce((sum, one) => sum + one.value, 0);
}
