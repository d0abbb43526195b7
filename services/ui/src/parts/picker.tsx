/** A text field that offers what there is to choose from, found by letters in their order. */
import { useId, useRef, useState } from 'react';
import { fuzzyFind } from '../model/fuzzy-find.ts';
import { comboboxOf, Listbox, markedAfter } from './listbox.tsx';

export interface PickerProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly string[];
  /** How an option reads; itself by default. */
  readonly words?: (option: string) => string;
  readonly placeholder?: string;
  readonly onPick: (option: string) => void;
}

const SHOWN_MAX = 50;

export function Picker({ label, value, options, words = (option) => option, placeholder, onPick }: PickerProps) {
  const [typed, setTyped] = useState<string | undefined>(undefined);
  const [marked, setMarked] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const offered = typed === undefined ? [] : fuzzyFind(options, typed, words).slice(0, SHOWN_MAX);
  const list = { id, options: offered, marked };
  const type = (text: string): void => {
    setTyped(text);
    setMarked(0);
  };
  const pick = (option: string | undefined): void => {
    input.current?.blur();
    if (option !== undefined) onPick(option);
  };
  return (
    <div className="picker">
      <label>
        {label}
        <input
          ref={input}
          {...comboboxOf(list)}
          placeholder={(typed !== undefined && words(value)) || placeholder}
          value={typed ?? words(value)}
          onFocus={(event) => {
            event.currentTarget.select();
            type('');
          }}
          onBlur={() => setTyped(undefined)}
          onChange={(event) => type(event.currentTarget.value)}
          onKeyDown={({ key }) => {
            const next = markedAfter(key, marked, offered.length);
            if (next !== undefined) setMarked(next);
            else if (key === 'Enter') pick(offered[marked]);
            else if (key === 'Escape') pick(undefined);
          }}
        />
      </label>
      {offered.length > 0 && <Listbox {...list} label={label} words={words} onPick={pick} />}
      {typed !== undefined && offered.length === 0 && (
        <p className="options quiet">{typed === '' ? 'Nothing in this time range' : 'Nothing of that name'}</p>
      )}
    </div>
  );
}
