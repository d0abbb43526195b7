/** What a page shows, as the address says it: every view can be shared, and the back button works. */

export const VIEWS = ['services', 'explore', 'labels', 'compare', 'status'] as const;
export type ViewName = (typeof VIEWS)[number];
export const PANES = ['both', 'graph', 'table', 'sandwich'] as const;
export type Pane = (typeof PANES)[number];

export const CHARTS = ['series', 'heatmap'] as const;
export type Chart = (typeof CHARTS)[number];

export interface PageState {
  readonly view: ViewName;
  /** Profile type id. */
  readonly type: string;
  /** Label selector. */
  readonly selector: string;
  /** `now-1h`, or ms since 1970. */
  readonly from: string;
  readonly until: string;
  /** The other side of a comparison; empty: as the first. */
  readonly rightSelector: string;
  readonly rightFrom: string;
  readonly rightUntil: string;
  readonly groupBy: string;
  readonly pane: Pane;
  /** Call site, root first. */
  readonly focus: readonly string[];
  readonly chart: Chart;
  /** Id of the one profile that is shown; empty for all. */
  readonly profile: string;
  /** Function of the sandwich. */
  readonly about: string;
  readonly search: string;
  /** Seconds between refreshes; 0 for none. */
  readonly refresh: number;
  readonly tenant: string;
}

export const DEFAULT_STATE: PageState = {
  view: 'services',
  type: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds',
  selector: '{}',
  from: 'now-1h',
  until: 'now',
  rightSelector: '',
  rightFrom: '',
  rightUntil: '',
  groupBy: 'service_name',
  pane: 'both',
  focus: [],
  chart: 'series',
  profile: '',
  about: '',
  search: '',
  refresh: 0,
  tenant: '',
};

const PATHS: Readonly<Record<string, ViewName>> = {
  '/': 'services',
  '/explore': 'explore',
  '/labels': 'labels',
  '/comparison': 'compare',
  '/comparison-diff': 'compare',
  '/status': 'status',
};
/** Texts that stand in the address as they are. */
const TEXTS = [
  'type',
  'selector',
  'from',
  'until',
  'rightSelector',
  'rightFrom',
  'rightUntil',
  'groupBy',
  'profile',
  'about',
  'search',
  'tenant',
] as const;

/** Reads an address; what it does not say, or says wrongly, is as by default. */
export function parseLocation(path: string, query: string): PageState {
  const parameters = new URLSearchParams(query);
  const texts = Object.fromEntries(TEXTS.map((name) => [name, parameters.get(name) ?? DEFAULT_STATE[name]]));
  const pane = PANES.find((one) => one === parameters.get('pane'));
  const refresh = Number(parameters.get('refresh') ?? 0);
  return {
    ...DEFAULT_STATE,
    ...texts,
    view: PATHS[path] ?? 'services',
    pane: pane ?? DEFAULT_STATE.pane,
    chart: parameters.get('chart') === 'heatmap' ? 'heatmap' : 'series',
    focus: parameters.getAll('focus'),
    refresh: Number.isFinite(refresh) && refresh >= 0 ? refresh : 0,
  };
}

/** The address of a state: path and query, defaults left out. */
export function formatLocation(state: PageState): string {
  const parameters = new URLSearchParams();
  for (const name of TEXTS) if (state[name] !== DEFAULT_STATE[name]) parameters.set(name, state[name]);
  if (state.pane !== DEFAULT_STATE.pane) parameters.set('pane', state.pane);
  if (state.chart !== DEFAULT_STATE.chart) parameters.set('chart', state.chart);
  for (const name of state.focus) parameters.append('focus', name);
  if (state.refresh > 0) parameters.set('refresh', String(state.refresh));
  const query = parameters.toString();
  return pathOf(state.view) + (query === '' ? '' : `?${query}`);
}

export function pathOf(view: ViewName): string {
  return Object.keys(PATHS).find((path) => PATHS[path] === view) ?? '/';
}

/** What says how an answer is looked at, not which. */
const LOOKS: ReadonlySet<string> = new Set(['pane', 'about', 'search'] satisfies readonly (keyof PageState)[]);

/** Whether a change of the state is another question, or the same one again. */
export function asksAgain(change: Partial<PageState>): boolean {
  const names = Object.keys(change);
  return names.length === 0 || names.some((name) => !LOOKS.has(name));
}
