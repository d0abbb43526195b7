/** The last choices, kept in the browser: a page opened without any shows them again. */
import { DEFAULT_STATE, type PageState } from './page-state.ts';

const KEY = 'flamelake.last';
const KEPT = [
  'type',
  'selector',
  'from',
  'until',
  'groupBy',
  'refresh',
  'tenant',
  'pane',
  'order',
  'colour',
  'diffColour',
  'align',
  'recursion',
] as const;

export function rememberState(state: PageState): void {
  const kept = Object.fromEntries(
    KEPT.filter((name) => state[name] !== DEFAULT_STATE[name]).map((name) => [name, state[name]]),
  );
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // Full, or forbidden: then nothing is kept.
  }
}

/** The state with the last choices in place of defaults. */
export function recallState(state: PageState): PageState {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<PageState>;
    // A moment chosen yesterday is not what is looked for today.
    const range = kept.until === undefined ? {} : { from: DEFAULT_STATE.from, until: DEFAULT_STATE.until };
    return { ...state, ...kept, ...range, view: state.view };
  } catch {
    return state;
  }
}
