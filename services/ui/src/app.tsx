/** The frame of all views: where one is, which time is looked at, and the address that says so. */
import { type MouseEvent, useEffect, useMemo, useState } from 'react';
import { serverOptions } from './api/server.ts';
import {
  asksAgain,
  formatLocation,
  type PageState,
  parseLocation,
  pathOf,
  VIEWS,
  type ViewName,
} from './model/page-state.ts';
import { recallState, rememberState } from './model/remembered.ts';
import { type Page, PageContext } from './parts/page.ts';
import { TenantPicker } from './parts/tenant-picker.tsx';
import { RangeTrouble, TimePicker } from './parts/time-picker.tsx';
import { useAnswer } from './parts/use-answer.ts';
import { AdHocView } from './views/ad-hoc-view.tsx';
import { CompareView } from './views/compare-view.tsx';
import { ExploreView } from './views/explore-view.tsx';
import { LabelsView } from './views/labels-view.tsx';
import { ServicesView } from './views/services-view.tsx';
import { StatusView } from './views/status-view.tsx';

const WORDS: Readonly<Record<ViewName, string>> = {
  services: 'Services',
  explore: 'Explore',
  labels: 'Labels',
  compare: 'Compare',
  adhoc: 'Files',
  status: 'Status',
};

const COMPONENTS = {
  services: ServicesView,
  explore: ExploreView,
  labels: LabelsView,
  compare: CompareView,
  adhoc: AdHocView,
  status: StatusView,
} as const satisfies Readonly<Record<ViewName, () => unknown>>;

function readAddress(): PageState {
  const state = parseLocation(location.pathname, location.search);
  return location.search === '' ? recallState(state) : state;
}

export function App() {
  const [state, setState] = useState(readAddress);
  const [nowMs, setNow] = useState(() => Date.now());
  const options = useAnswer('', serverOptions);
  const hasTenants = options.value && options.value.get('multitenancy.enabled') === 'true';
  const page = useMemo<Page>(
    () => ({
      state,
      nowMs,
      hasTenants,
      go(change, { isStep = true } = {}) {
        const next = { ...state, ...change };
        const address = formatLocation(next);
        if (address !== location.pathname + location.search) {
          if (isStep) history.pushState(null, '', address);
          else history.replaceState(null, '', address);
        }
        rememberState(next);
        setState(next);
        // Another way to look at the same answer asks nothing.
        if (asksAgain(change)) setNow(Date.now());
      },
    }),
    [state, nowMs, hasTenants],
  );
  useEffect(() => {
    const back = (): void => setState(parseLocation(location.pathname, location.search));
    addEventListener('popstate', back);
    return () => removeEventListener('popstate', back);
  }, []);
  useEffect(() => {
    if (state.refresh === 0) return undefined;
    const timer = setInterval(() => setNow(Date.now()), state.refresh * 1_000);
    return () => clearInterval(timer);
  }, [state.refresh]);
  useEffect(() => {
    document.title = `${WORDS[state.view]} – Flamelake`;
  }, [state.view]);
  const View = COMPONENTS[state.view];
  return (
    <PageContext.Provider value={page}>
      <header>
        <a className="brand" href="/" onClick={(event) => visit(event, 'services')}>
          <img src="/assets/flame.svg" alt="" width={22} height={22} /> Flamelake
        </a>
        <nav aria-label="Views">
          {VIEWS.map((view) => (
            <a
              key={view}
              href={pathOf(view)}
              aria-current={view === state.view ? 'page' : undefined}
              onClick={(event) => visit(event, view)}
            >
              {WORDS[view]}
            </a>
          ))}
        </nav>
        {hasTenants && <TenantPicker />}
        <TimePicker />
      </header>
      <main>
        <h1 className="unseen">{WORDS[state.view]}</h1>
        <RangeTrouble />
        {hasTenants && state.tenant === '' ? (
          <p className="empty">This server holds data of several tenants: name the one to look at above.</p>
        ) : (
          <View />
        )}
      </main>
    </PageContext.Provider>
  );

  function visit(event: MouseEvent, view: ViewName): void {
    // With a modifier key the browser opens the address itself.
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    page.go({ view, focus: [] });
  }
}
