/** What a page shows, as the address says it: every view can be shared, and the back button works. */

export const VIEWS = ['services', 'explore', 'labels', 'compare', 'adhoc', 'status'] as const;
export type ViewName = (typeof VIEWS)[number];

/** What is one of a few; the first is by default. */
export const CHOICES = {
  /** `sides` is of a diff alone. */
  pane: ['both', 'graph', 'table', 'sandwich', 'sides'],
  chart: ['series', 'heatmap'],
  /** Which services come first. */
  order: ['value', 'change', 'name'],
  /** What bars share a colour with. */
  colour: ['package', 'function'],
  diffColour: ['blue-orange', 'green-red'],
  /** Which end of a name is kept where it does not fit. */
  align: ['left', 'right'],
  recursion: ['shown', 'collapsed'],
  /** What a bar is: a function, or a line of one. */
  frames: ['function', 'line'],
  /** How many bars are asked for. */
  detail: ['usual', 'most'],
} as const;
type Choices = { readonly [Name in keyof typeof CHOICES]: (typeof CHOICES)[Name][number] };
export type Pane = Choices['pane'];

export interface PageState extends Choices {
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
  /** Call site, root first. */
  readonly focus: readonly string[];
  /** Id of the one profile that is shown; empty for all. */
  readonly profile: string;
  /** Function of the sandwich. */
  readonly about: string;
  readonly search: string;
  /** Text in the names of the services that are shown. */
  readonly find: string;
  /** Seconds between refreshes; 0 for none. */
  readonly refresh: number;
  readonly tenant: string;
  /** Id of the uploaded file that is looked at; empty for none. */
  readonly file: string;
  /** What it is compared with: the id of another, or `LIVE`. */
  readonly rightFile: string;
  /** Type of profile in the files; empty for their first. */
  readonly fileType: string;
}

/** In place of a file: the profiles that services send. */
export const LIVE = 'live';

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
  focus: [],
  profile: '',
  about: '',
  search: '',
  find: '',
  refresh: 0,
  tenant: '',
  file: '',
  rightFile: '',
  fileType: '',
  ...(Object.fromEntries(Object.entries(CHOICES).map(([name, [first]]) => [name, first])) as Choices),
};

const PATHS: Readonly<Record<string, ViewName>> = {
  '/': 'services',
  '/explore': 'explore',
  '/labels': 'labels',
  '/comparison': 'compare',
  '/comparison-diff': 'compare',
  '/adhoc': 'adhoc',
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
  'find',
  'tenant',
  'file',
  'rightFile',
  'fileType',
] as const;

const CHOICE_NAMES = Object.keys(CHOICES) as (keyof Choices)[];

/** Reads an address; what it does not say, or says wrongly, is as by default. */
export function parseLocation(path: string, query: string): PageState {
  const parameters = new URLSearchParams(query);
  const texts = Object.fromEntries(TEXTS.map((name) => [name, parameters.get(name) ?? DEFAULT_STATE[name]]));
  const choices = Object.entries(CHOICES).map(([name, options]) => {
    const wanted = parameters.get(name);
    return [name, options.find((one) => one === wanted) ?? options[0]] as const;
  });
  const refresh = Number(parameters.get('refresh') ?? 0);
  return {
    ...DEFAULT_STATE,
    ...texts,
    ...Object.fromEntries(choices),
    view: PATHS[path] ?? 'services',
    focus: parameters.getAll('focus'),
    refresh: Number.isFinite(refresh) && refresh >= 0 ? refresh : 0,
  };
}

/** The address of a state: path and query, defaults left out. */
export function formatLocation(state: PageState): string {
  const parameters = new URLSearchParams();
  for (const name of TEXTS) if (state[name] !== DEFAULT_STATE[name]) parameters.set(name, state[name]);
  for (const name of CHOICE_NAMES) if (state[name] !== DEFAULT_STATE[name]) parameters.set(name, state[name]);
  for (const name of state.focus) parameters.append('focus', name);
  if (state.refresh > 0) parameters.set('refresh', String(state.refresh));
  const query = parameters.toString();
  return pathOf(state.view) + (query === '' ? '' : `?${query}`);
}

export function pathOf(view: ViewName): string {
  return Object.keys(PATHS).find((path) => PATHS[path] === view) ?? '/';
}

/** What says how an answer is looked at, not which. */
const LOOKS: ReadonlySet<string> = new Set([
  'pane',
  'about',
  'search',
  'find',
  'order',
  'colour',
  'diffColour',
  'align',
  'recursion',
] satisfies readonly (keyof PageState)[]);

/** Whether a change of the state is another question, or the same one again. */
export function asksAgain(change: Partial<PageState>): boolean {
  const names = Object.keys(change);
  return names.length === 0 || names.some((name) => !LOOKS.has(name));
}
