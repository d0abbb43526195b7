/** The rows of the plain HTTP contract that say what must be. Shapes of render answers: services/query-frontend/src/http/plain-routes.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conformanceWorld, pprofOf } from './world.ts';

const TYPE = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';

const world = conformanceWorld(async ({ push }) => {
  const samples = [{ frames: ['main', 'work'], value: 5_000_000_000 }];
  await push({ __name__: 'process_cpu', service_name: 'web', zone: 'x' }, pprofOf('cpu', 'nanoseconds', samples));
});

async function get(path: string) {
  const answer = await fetch(world.url + path, { headers: world.commit, redirect: 'manual' });
  return { status: answer.status, type: answer.headers.get('content-type') ?? '', text: await answer.text() };
}
const query = encodeURIComponent(`${TYPE}{service_name="web"}`);
const sides = (left: string, right: string) =>
  `leftQuery=${left}&leftFrom=now-1h&leftUntil=now&rightQuery=${right}&rightFrom=now-1h&rightUntil=now`;

interface Row {
  readonly path: string;
  readonly status: number;
  readonly type: RegExp;
  readonly text: RegExp;
}
const json = (path: string, text: RegExp): Row => ({ path, status: 200, type: /^application\/json/, text });
const refused = (path: string): Row => ({
  path,
  status: 400,
  type: /^application\/json/,
  text: /"code":"invalid_argument","message":/,
});
const plain = (path: string, text: RegExp): Row => ({ path, status: 200, type: /^text\/plain/, text });

const ROWS: readonly Row[] = [
  json(`/pyroscope/render?query=${query}&from=now-1h`, /"numTicks":5000000000/),
  json(`/render?query=${query}&from=now-1h&until=now`, /"numTicks":5000000000/),
  json(
    `/pyroscope/render?query=${query}&from=now-1h&maxNodes=5`,
    /"sampleRate":1000000000,"units":"samples","name":"cpu"/,
  ),
  json(`/pyroscope/render?query=${query}&from=now-1h&groupBy=zone`, /"groups":\{"x":\{"startTime":\d+,"samples":\[/),
  json(`/pyroscope/render?query=${query}&from=now-1h&groupBy=none`, /"groups":\{"\*":/),
  plain(`/pyroscope/render?query=${query}&from=now-1h&format=dot`, /^digraph/),
  plain(`/pyroscope/render?query=${encodeURIComponent(`${TYPE}{service_name="none"}`)}&from=now-1h&format=dot`, /^$/),
  refused('/pyroscope/render'),
  refused('/pyroscope/render?query=cpu'),
  refused(`/pyroscope/render?query=${query}&from=yesterday`),
  refused(`/pyroscope/render?query=${query}&max-nodes=many`),
  json(
    `/pyroscope/render-diff?${sides(query, query)}`,
    /"format":"double".*"leftTicks":5000000000,"rightTicks":5000000000/,
  ),
  refused(`/pyroscope/render-diff?${sides(query, encodeURIComponent('memory:inuse_space:bytes:space:bytes{}'))}`),
  json('/pyroscope/label-values?label=__name__', new RegExp(`^\\["${TYPE}"\\]$`)),
  json('/pyroscope/label-values?label=zone', /^\["x"\]$/),
  json('/pyroscope/label-values?label=none', /^\[\]$/),
  refused('/pyroscope/label-values'),
  json(`/pyroscope/render?query=${encodeURIComponent(`${TYPE}:delta`)}&from=now-1h`, /"numTicks":5000000000/),
  json(`/pyroscope/render?query=${query}&from=now-1h&aggregation=avg`, /"samples":\[[0,]*5000000000[0,]*\]/),
  json(
    `/pyroscope/render?query=${query}&from=now-1h`,
    /^\{"version":1,"flamebearer":\{"names":\["total","main","work"\],"levels":\[\[0,5000000000,0,0\],.*"format":"single","spyName":"".*"durationDelta":15,"watermarks":null\},"groups":null,"heatmap":null\}$/,
  ),
  json(`/pyroscope/render?query=${query}&from=now-1d`, /"durationDelta":58,/),
  json(
    `/pyroscope/render?query=${encodeURIComponent(`${TYPE}{service_name="none"}`)}&from=now-1h`,
    /"names":\["total"\],"levels":\[\[0,0,0,0\]\],"numTicks":0,"maxSelf":0\}/,
  ),
  refused(`/pyroscope/render?query=${query}&until=x`),
  refused(`/pyroscope/render-diff?${sides(query, '')}`),
  refused(`/pyroscope/render-diff?${sides(query, query)}&max-nodes=x`),
  plain('/ready', /^ready$/),
  plain('/healthz', /./),
  { path: '/metrics', status: 200, type: /^(?:text\/plain|application\/openmetrics-text)/, text: /^# HELP /m },
  json('/api/v1/status/buildinfo', /^\{"status":"success","data":\{"version":"[^"]+","revision":/),
  plain('/api/v1/status/config', /^server\.port: /m),
  plain('/api/v1/status/config/diff', /^server\.host: /m),
  plain('/api/v1/status/config/default', /^server\.port: 4040$/m),
  plain('/config', /^server\.port: /m),
  plain('/runtime_config', /^limits\.samples-max: /m),
  plain('/runtime_config?mode=diff', /^$/),
  json(
    '/api/v1/tenant_limits',
    /^\{"ingestion_rate":\d+,"ingestion_burst_size":\d+,"max_global_series_per_user":\d+\}$/,
  ),
  { path: '/debug/pprof/heap', status: 200, type: /^application\/octet-stream/, text: /./s },
  // Pages of the web app: test/e2e/ui.test.ts.
  ...['/', '/explore', '/comparison', '/comparison-diff'].map((path) => ({
    path,
    status: 200,
    type: /^text\/html/,
    text: /<div id="app">/,
  })),
  { path: '/ui', status: 302, type: /^text\//, text: /Redirecting to \/$/ },
  { path: '/debug/pprof/profile?seconds=1', status: 200, type: /^application\/octet-stream/, text: /./s },
  { path: '/api/v1/tenants', status: 404, type: /^application\/json/, text: /not_found/ },
];
for (const { path, status, type, text } of ROWS) {
  test(`GET ${decodeURIComponent(path)}: ${status}`, async () => {
    const answer = await get(path);
    assert.equal(answer.status, status, answer.text.slice(0, 300));
    assert.match(answer.type, type);
    assert.match(answer.text, text);
  });
}
