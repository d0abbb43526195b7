/** A text field that offers what there is to choose from, found by letters in their order. */
import { useId, useState } from 'react';
import { fuzzyFind } from '../model/fuzzy-find.ts';

export interface PickerProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly string[];
  /** How an option reads; itself by default. */
  readonly words?: (option: string) => string;
  readonly onPick: (option: string) => void;
}

const SHOWN_MAX = 50;

export function Picker({ label, value, options, words = (option) => option, onPick }: PickerProps) {
  const [typed, setTyped] = useState<string | undefined>(undefined);
  const [marked, setMarked] = useState(0);
  const id = useId();
  const offered = typed === undefined ? [] : fuzzyFind(options, typed, words).slice(0, SHOWN_MAX);
  const pick = (option: string | undefined): void => {
    setTyped(undefined);
    if (option !== undefined) onPick(option);
  };
  return (
    <div className="picker">
      <label>
        {label}
        <input
          role="combobox"
          autoComplete="off"
          aria-controls={`${id}list`}
          {...(offered.length > 0 && { 'aria-activedescendant': `${id}${marked}` })}
          aria-expanded={typed !== undefined}
          value={typed ?? words(value)}
          onFocus={(event) => {
            event.currentTarget.select();
            setTyped('');
            setMarked(0);
          }}
          onBlur={() => setTyped(undefined)}
          onChange={(event) => {
            setTyped(event.currentTarget.value);
            setMarked(0);
          }}
          onKeyDown={(event) => {
            if (event.key === 'ArrowDown') setMarked(Math.min(marked + 1, offered.length - 1));
            else if (event.key === 'ArrowUp') setMarked(Math.max(marked - 1, 0));
            else if (event.key === 'Enter') {
              pick(offered[marked]);
              event.currentTarget.blur();
            } else if (event.key === 'Escape') event.currentTarget.blur();
          }}
        />
      </label>
      {typed !== undefined && (
        <ul role="listbox" id={`${id}list`} aria-label={label}>
          {offered.map((option, i) => (
            <li
              key={option}
              id={`${id}${i}`}
              role="option"
              aria-selected={i === marked}
              onPointerDown={() => pick(option)}
            >
              {words(option)}
            </li>
          ))}
          {offered.length === 0 && <li className="quiet">Nothing in this time range</li>}
        </ul>
      )}
    </div>
  );
}
