/** How flame graphs are drawn: choices that the address keeps. */
import { CHOICES, type PageState } from '../model/page-state.ts';
import { usePage } from '../parts/page.ts';
import { Popover } from '../parts/popover.tsx';

type Choice = 'colour' | 'diffColour' | 'align' | 'recursion' | 'frames' | 'detail';

const WORDS = {
  colour: ['Colours', { package: 'by package', function: 'by function' }],
  diffColour: ['Colours', { 'blue-orange': 'blue to orange (colour-blind safe)', 'green-red': 'green to red' }],
  align: ['Names', { left: 'keep their beginning', right: 'keep their end' }],
  recursion: ['Recursion', { shown: 'shown', collapsed: 'collapsed' }],
  frames: ['Bars', { function: 'functions', line: 'lines and inlined calls' }],
  detail: ['Bars at most', { usual: '16,384', most: '131,072' }],
} as const satisfies { readonly [Name in Choice]: readonly [string, Readonly<Record<PageState[Name], string>>] };

export interface FlameOptionsProps {
  readonly isDiff: boolean;
  /** Whether the server can be asked for other bars. */
  readonly isLive: boolean;
}

export function FlameOptions({ isDiff, isLive }: FlameOptionsProps) {
  const { state, go } = usePage();
  const offered: readonly Choice[] = [
    isDiff ? 'diffColour' : 'colour',
    'align',
    'recursion',
    ...(isLive && !isDiff ? (['frames'] as const) : []),
    ...(isLive ? (['detail'] as const) : []),
  ];
  return (
    <Popover label="View">
      {() => (
        <>
          {offered.map((name) => {
            const [label, words] = WORDS[name];
            return (
              <label key={name}>
                {label}
                <select value={state[name]} onChange={(event) => go({ [name]: event.currentTarget.value })}>
                  {CHOICES[name].map((option) => (
                    <option key={option} value={option}>
                      {(words as Readonly<Record<string, string>>)[option]}
                    </option>
                  ))}
                </select>
              </label>
            );
          })}
        </>
      )}
    </Popover>
  );
}
