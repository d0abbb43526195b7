/** `GET /`: what this server is, how to send a first profile, where to look. Plain HTML, no script, until the UI. */

const STYLE = `
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0; } h2 { margin-top: 2rem; }
pre { background: color-mix(in srgb, currentColor 8%, transparent); padding: .8rem; border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere; font-size: 14px; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .25rem .75rem .25rem 0; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.bar { background: #d9480f; height: .7rem; border-radius: 2px; min-width: 1px; }
`;

/** Text that can stand in HTML; names from profiles come through here. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

export interface HomePageContent {
  /** Base URL the reader used. */
  readonly url: string;
  readonly services: readonly string[];
  /** Functions of this server itself by CPU time, last quarter of an hour: name and share in [0, 1]. */
  readonly topFunctions: readonly { readonly name: string; readonly share: number }[];
  /** Whether this server stores profiles of itself. */
  readonly selfProfiling: boolean;
  /** Whether requests must name a tenant. */
  readonly multitenancy: boolean;
}

/** Services listed; more would be a page nobody reads. */
const SERVICES_SHOWN_MAX = 200;

/** Writes the page. */
export function homePage(content: HomePageContent): string {
  const url = escapeHtml(content.url);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Flamelake</title><meta name="viewport" content="width=device-width"><style>${STYLE}</style></head>
<body>
<h1>Flamelake</h1>
<p>This server takes profiles at <code>${url}</code> and answers Pyroscope's query API at the same address.</p>
${content.multitenancy ? TENANT_NOTE : ''}
${servicesSection(content.services)}
${content.selfProfiling ? ownSection(content.topFunctions) : ''}
<h2>Send a first profile</h2>
<p>Go: <code>go get github.com/grafana/pyroscope-go</code></p>
<pre>pyroscope.Start(pyroscope.Config{ApplicationName: "my.app", ServerAddress: "${url}"})</pre>
<p>Node: <code>npm install @pyroscope/nodejs</code></p>
<pre>Pyroscope.init({ serverAddress: '${url}', appName: 'my-app' }); Pyroscope.start();</pre>
<p>Python: <code>pip install pyroscope-io</code></p>
<pre>pyroscope.configure(application_name="my.app", server_address="${url}")</pre>
<p>Any pprof file:</p>
<pre>curl --data-binary @cpu.pb.gz "${url}/ingest?format=pprof&amp;name=my.app&amp;from=$(date +%s)"</pre>
<h2>Look at it</h2>
<p>From a checkout of Flamelake:</p>
<pre>bin/flamelake query top --url=${url} --selector='{service_name="my.app"}'</pre>
<p>Grafana: add a data source of type <em>Grafana Pyroscope</em> with the URL <code>${url}</code>.</p>
<p>Also here: <a href="/ready">ready</a> · <a href="/metrics">metrics</a> · <a href="/debug/pprof/profile?seconds=5">CPU profile of this server</a> · <a href="/debug/pprof/heap">heap profile</a></p>
</body></html>
`;
}

const TENANT_NOTE =
  '<p>It serves several tenants: every request names its own in the header <code>X-Scope-OrgID</code> (SDKs: tenant id; the command: <code>--tenant</code>). This page shows the tenant of the server itself.</p>';

function servicesSection(services: readonly string[]): string {
  if (services.length === 0) return '<p>No service has sent a profile in the last hour.</p>';
  const shown = services.slice(0, SERVICES_SHOWN_MAX);
  const items = shown.map((service) => `<li>${escapeHtml(service)}</li>`).join('');
  const hidden = services.length - shown.length;
  return `<h2>Services of the last hour</h2><ul>${items}</ul>${hidden > 0 ? `<p>and ${hidden} more</p>` : ''}`;
}

function ownSection(functions: HomePageContent['topFunctions']): string {
  if (functions.length === 0)
    return '<p>This server profiles itself; the first profile appears within half a minute.</p>';
  const rows = functions.map(({ name, share }) => {
    const percent = (share * 100).toFixed(1);
    return `<tr><td>${escapeHtml(name)}</td><td class="number">${percent} %</td><td style="width:40%"><div class="bar" style="width:${percent}%"></div></td></tr>`;
  });
  return `<h2>This server's own CPU time</h2><p>Service <code>flamelake</code>, functions by self time, last 15 minutes.</p>
<table><tr><th>function</th><th class="number">self</th><th></th></tr>${rows.join('')}</table>`;
}
