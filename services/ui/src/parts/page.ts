/** What every view is given: the state of the page, how to change it, and the clock of its last refresh. */
import { createContext, useContext } from 'react';
import type { Query } from '../api/querier.ts';
import { DEFAULT_STATE, type PageState } from '../model/page-state.ts';
import { rangeOf } from '../model/time-range.ts';

export interface Page {
  readonly state: PageState;
  /** When the data was last asked for, ms since 1970: what `now` means. */
  readonly nowMs: number;
  /** Whether requests must name a tenant; undefined until the server has said so. */
  readonly hasTenants: boolean | undefined;
  /** Goes to another state, as a step of the browser's history unless told otherwise; nothing changed asks for the data again. */
  go(change: Partial<PageState>, options?: { readonly isStep?: boolean }): void;
}

export const PageContext = createContext<Page>({
  state: DEFAULT_STATE,
  nowMs: 0,
  hasTenants: false,
  go: () => undefined,
});

export function usePage(): Page {
  return useContext(PageContext);
}

/** The query a page's state asks. */
export function queryOf({ state, nowMs }: Pick<Page, 'state' | 'nowMs'>): Query {
  return { type: state.type, selector: state.selector, ...rangeOf(state.from, state.until, nowMs) };
}

/** The other side of a comparison. */
export function rightQueryOf({ state, nowMs }: Pick<Page, 'state' | 'nowMs'>): Query {
  const from = state.rightFrom === '' ? state.from : state.rightFrom;
  const until = state.rightUntil === '' ? state.until : state.rightUntil;
  const selector = state.rightSelector === '' ? state.selector : state.rightSelector;
  return { type: state.type, selector, ...rangeOf(from, until, nowMs) };
}
