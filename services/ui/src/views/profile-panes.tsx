/** A flame graph with its table: one of them, both, or the sandwich of a function. */
import { type ReactNode, useDeferredValue, useMemo } from 'react';
import type { Paint } from '../flame/draw.ts';
import { FlameCanvas } from '../flame/flame-canvas.tsx';
import type { FlameGraph } from '../flame/flame-graph.ts';
import { collapseRecursion, sideOf } from '../flame/reshape.ts';
import { calleesOf, callersOf } from '../flame/sandwich.ts';
import { CHOICES, type Pane } from '../model/page-state.ts';
import { usePage } from '../parts/page.ts';
import { useDarkMode } from '../parts/use-dark-mode.ts';
import { FlameOptions } from './flame-options.tsx';
import { FunctionTable } from './function-table.tsx';

const PANE_WORDS: Readonly<Record<Pane, string>> = {
  both: 'Both',
  graph: 'Flame graph',
  table: 'Table',
  sandwich: 'Sandwich',
  sides: 'Side by side',
};

export interface ProfilePanesProps {
  readonly graph: FlameGraph;
  readonly unit: string;
  /** Whether the server can be asked for more of it. */
  readonly isLive?: boolean;
  /** What is shown in place of a graph without values. */
  readonly empty: ReactNode;
}

export function ProfilePanes({ graph: whole, unit, isLive = true, empty }: ProfilePanesProps) {
  const { state, go } = usePage();
  const { focus } = state;
  const isDiff = whole.right !== undefined;
  const pane = state.pane === 'sides' && !isDiff ? 'both' : state.pane;
  // Typing is never held up by drawing.
  const search = useDeferredValue(state.search);
  const graph = useMemo(
    () => (state.recursion === 'collapsed' ? collapseRecursion(whole) : whole),
    [whole, state.recursion],
  );
  const paint = usePaint();
  const showAbout = (about: string): void => go({ about, pane: 'sandwich' });
  if ((graph.width[0] ?? 0) === 0 && focus.length === 0) return empty;
  return (
    <section>
      <div className="row">
        <div className="tabs" role="tablist" aria-label="What is shown">
          {CHOICES.pane
            .filter((one) => isDiff || one !== 'sides')
            .map((one) => (
              <button key={one} role="tab" aria-selected={pane === one} onClick={() => go({ pane: one })}>
                {PANE_WORDS[one]}
              </button>
            ))}
        </div>
        {focus.length > 0 && (
          <button className="chip" onClick={() => go({ focus: [] })}>
            Focused on <bdi>{focus.at(-1)}</bdi> ×
          </button>
        )}
        <input
          type="search"
          placeholder="Search functions"
          aria-label="Search functions"
          value={state.search}
          onChange={(event) => go({ search: event.currentTarget.value }, { isStep: false })}
        />
        <FlameOptions isDiff={isDiff} isLive={isLive} />
      </div>
      {pane === 'sandwich' && <Sandwich graph={graph} unit={unit} about={state.about} search={search} paint={paint} />}
      {pane === 'sides' && <Sides graph={graph} unit={unit} search={search} paint={paint} onSandwich={showAbout} />}
      {pane !== 'sandwich' && pane !== 'sides' && (
        <div className={pane === 'both' ? 'split' : ''}>
          {pane !== 'graph' && <FunctionTable graph={graph} unit={unit} search={search} onPick={showAbout} />}
          {pane !== 'table' && (
            <FlameCanvas
              graph={graph}
              unit={unit}
              search={search}
              paint={paint}
              onSandwich={showAbout}
              {...(!isDiff && isLive && { onFocus: (path: readonly string[]) => go({ focus: path }) })}
            />
          )}
        </div>
      )}
    </section>
  );
}

/** How bars are drawn, as the page says. */
export function usePaint(): Omit<Paint, 'found'> {
  const { colour, diffColour, align } = usePage().state;
  const isDark = useDarkMode();
  return useMemo(
    () => ({ palette: { isDark, by: colour, diff: diffColour }, align }),
    [isDark, colour, diffColour, align],
  );
}

interface SidesProps {
  readonly graph: FlameGraph;
  readonly unit: string;
  readonly search: string;
  readonly paint: Omit<Paint, 'found'>;
  readonly onSandwich: (name: string) => void;
}

/** Both sides of a diff, each with its own flame graph. */
function Sides({ graph, ...rest }: SidesProps) {
  const [left, right] = useMemo(() => [sideOf(graph, 'left'), sideOf(graph, 'right')], [graph]);
  return (
    <div className="halves">
      <div>
        <h2>Before</h2>
        <FlameCanvas graph={left} {...rest} />
      </div>
      <div>
        <h2>After</h2>
        <FlameCanvas graph={right} {...rest} />
      </div>
    </div>
  );
}

interface SandwichProps {
  readonly graph: FlameGraph;
  readonly unit: string;
  readonly about: string;
  readonly search: string;
  readonly paint: Omit<Paint, 'found'>;
}

function Sandwich({ graph, unit, about, search, paint }: SandwichProps) {
  const { go } = usePage();
  const [callers, callees] = useMemo(() => [callersOf(graph, about), calleesOf(graph, about)], [graph, about]);
  const onSandwich = (name: string): void => go({ about: name });
  const table = <FunctionTable graph={graph} unit={unit} search={search} onPick={onSandwich} />;
  if (about === '') {
    return (
      <>
        <p className="quiet">Choose a function to see who calls it, and what it calls.</p>
        {table}
      </>
    );
  }
  return (
    <div className="split">
      {table}
      <div>
        <h2>
          Callers of <bdi>{about}</bdi>
        </h2>
        <FlameCanvas graph={callers} unit={unit} search={search} paint={paint} onSandwich={onSandwich} />
        <h2>
          What <bdi>{about}</bdi> calls
        </h2>
        <FlameCanvas graph={callees} unit={unit} search={search} paint={paint} onSandwich={onSandwich} />
      </div>
    </div>
  );
}
