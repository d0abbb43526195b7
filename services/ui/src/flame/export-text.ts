/** Profiles and queries as text. */
import type { Narrowing, Query } from '../api/querier.ts';
import { type FlameGraph, pathTo } from './flame-graph.ts';

type Narrowed = Omit<Narrowing, 'detail'>;

/** One line a stack: names from the root, joined by `;`, and its own value. */
export function foldedText(graph: FlameGraph): string {
  const lines: string[] = [];
  for (let bar = 1; bar < graph.count; bar++) {
    const self = graph.self[bar] ?? 0;
    if (self > 0) lines.push(`${pathTo(graph, bar).join(';')} ${self}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Parameters of `/pyroscope/render`. */
export function renderQuery(query: Query, { focus, profile }: Narrowed): string {
  return new URLSearchParams([
    ['query', `${query.type}${query.selector}`],
    ...rangeOf(query),
    ...focus.map((name) => ['callSite', name]),
    ...(profile === '' ? [] : [['profileId', profile]]),
  ]).toString();
}

/** Parameters of `/api/v1/pgo`: a compiler wants all call sites. */
export function pgoQuery(query: Query): string {
  return new URLSearchParams([['type', query.type], ['query', query.selector], ...rangeOf(query)]).toString();
}

function rangeOf({ startMs, endMs }: Query): string[][] {
  return [
    ['from', String(Math.floor(startMs))],
    ['until', String(Math.ceil(endMs))],
  ];
}

/** The same flame graph in a terminal. */
export function commandLine({ type, selector, startMs, endMs }: Query, origin: string, tenant: string): string {
  const flags = [
    `--url=${origin}`,
    `--type=${type}`,
    `--selector=${selector}`,
    `--from=${startMs}`,
    `--until=${endMs}`,
    ...(tenant === '' ? [] : [`--tenant=${tenant}`]),
  ];
  return ['flamelake query flamegraph', ...flags.map(quote)].join(' ');
}

/** The same profile by Pyroscope's command. */
export function profilecliLine(query: Query, { focus, profile }: Narrowed, origin: string, tenant: string): string {
  const flags = [
    `--url=${origin}`,
    ...(tenant === '' ? [] : [`--tenant-id=${tenant}`]),
    `--profile-type=${query.type}`,
    `--query=${query.selector}`,
    `--from=${new Date(query.startMs).toISOString()}`,
    `--to=${new Date(query.endMs).toISOString()}`,
    ...focus.map((name) => `--stacktrace-selector=${name}`),
    ...(profile === '' ? [] : [`--profile-id=${profile}`]),
    '--output=pprof=profile.pb.gz',
  ];
  return ['profilecli query profile', ...flags.map(quote)].join(' ');
}

export function curlLine(query: Query, { focus, profile }: Narrowed, origin: string, tenant: string): string {
  const body = JSON.stringify({
    profileTypeID: query.type,
    labelSelector: query.selector,
    start: query.startMs,
    end: query.endMs,
    ...(focus.length > 0 && { stackTraceSelector: { callSite: focus.map((name) => ({ name })) } }),
    ...(profile !== '' && { profileIdSelector: [profile] }),
  });
  const url = `${origin}/querier.v1.QuerierService/SelectMergeStacktraces`;
  const header = tenant === '' ? '' : ` -H ${quote(`X-Scope-OrgID: ${tenant}`)}`;
  return `curl -H 'content-type: application/json'${header} -d ${quote(body)} ${url}`;
}

/** For a POSIX shell. */
function quote(text: string): string {
  return /^[\w:/.=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
