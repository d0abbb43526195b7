/** What is scraped, and how it goes: as JSON in the form Prometheus has for it, and as a page. */
import type { RunningEndpoint } from './scrape-endpoint.ts';
import type { Scraper } from './scraper.ts';

/** Rows of the page; the JSON has all. */
const ROWS_MAX = 1_000;
const STYLE = `
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 80rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; overflow-wrap: anywhere; }
.down { color: #c92a2a; font-weight: 600; } .up { color: #2b8a3e; } td.number { text-align: right; font-variant-numeric: tabular-nums; }
`;

/** Answer of `GET /api/v1/targets`. */
export function targetsJson(scraper: Pick<Scraper, 'endpoints' | 'discoveryFailures'>): string {
  const activeTargets = sorted(scraper.endpoints()).map((one) => {
    const { endpoint } = one;
    const { health, lastError, lastScrapeMs, lastDurationMs } = one.health();
    return {
      scrapePool: endpoint.job.name,
      profile: endpoint.profile.kind,
      scrapeUrl: endpoint.url,
      labels: Object.fromEntries(endpoint.labels.map(({ name, value }) => [name, value])),
      discoveredLabels: endpoint.discovered,
      health,
      lastError,
      lastScrape: lastScrapeMs === undefined ? null : new Date(lastScrapeMs).toISOString(),
      lastScrapeDuration: lastDurationMs / 1_000,
      scrapeInterval: `${endpoint.job.intervalMs}ms`,
      scrapeTimeout: `${endpoint.job.timeoutMs}ms`,
    };
  });
  return JSON.stringify({
    status: 'success',
    data: { activeTargets, discoveryFailures: scraper.discoveryFailures() },
  });
}

/** Answer of `GET /targets`. */
export function targetsPage(scraper: Pick<Scraper, 'endpoints' | 'discoveryFailures'>, nowMs: number): string {
  const endpoints = sorted(scraper.endpoints());
  const failures = scraper.discoveryFailures();
  const down = endpoints.filter((one) => one.health().health === 'down').length;
  const rows = endpoints.slice(0, ROWS_MAX).map((one) => row(one, nowMs));
  const rest = endpoints.length > ROWS_MAX ? `<p>${endpoints.length - ROWS_MAX} more are not shown.</p>` : '';
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Targets – Flamelake</title><meta name="viewport" content="width=device-width"><style>${STYLE}</style></head>
<body>
<h1>Targets</h1>
<p>${endpoints.length} profiles are scraped here, ${down} of them without success. Also as <a href="/api/v1/targets">JSON</a>.</p>
${failures.length === 0 ? '' : `<h2>Lists of targets that cannot be read</h2>\n<ul>${failures.map(({ job, source, error }) => `<li>${escapeHtml(job)}, ${escapeHtml(source)}: <span class="down">${escapeHtml(error)}</span></li>`).join('\n')}</ul>`}
<table><thead><tr><th>Job</th><th>Profile</th><th>URL</th><th>Service</th><th>Health</th><th>Last scrape</th><th>Took</th><th>Error</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody></table>
${rest}</body></html>
`;
}

function row(one: RunningEndpoint, nowMs: number): string {
  const { job, profile, url, labels } = one.endpoint;
  const { health, lastError, lastScrapeMs, lastDurationMs } = one.health();
  const service = labels.find(({ name }) => name === 'service_name')?.value ?? '';
  const ago = lastScrapeMs === undefined ? 'never' : `${((nowMs - lastScrapeMs) / 1_000).toFixed(1)} s ago`;
  const took = lastScrapeMs === undefined ? '' : `${(lastDurationMs / 1_000).toFixed(3)} s`;
  const cells = [job.name, profile.kind, url, service].map((text) => `<td>${escapeHtml(text)}</td>`).join('');
  return `<tr>${cells}<td class="${health}">${health}</td><td>${ago}</td><td class="number">${took}</td><td>${escapeHtml(lastError)}</td></tr>`;
}

function sorted(endpoints: readonly RunningEndpoint[]): RunningEndpoint[] {
  const key = ({ endpoint }: RunningEndpoint) => `${endpoint.job.name} ${endpoint.url}`;
  return [...endpoints].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
