/** A label selector as text: labels of the data are offered as it is written, and what is wrong is said at once. */
import { useId, useLayoutEffect, useRef, useState } from 'react';
import { labelNames, labelValues, type Query } from '../api/querier.ts';
import { completed, completionAt } from '../model/complete-selector.ts';
import { fuzzyFind } from '../model/fuzzy-find.ts';
import { parseSelector } from '../model/selector.ts';
import { comboboxOf, Listbox, markedAfter } from './listbox.tsx';
import { usePage } from './page.ts';
import { useAnswer } from './use-answer.ts';

export interface SelectorTextProps {
  readonly query: Query;
  readonly onApply: (selector: string) => void;
}

const OFFERED_MAX = 12;

export function SelectorText({ query, onApply }: SelectorTextProps) {
  const { state, nowMs } = usePage();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [{ text, cursor }, setText] = useState({ text: query.selector, cursor: query.selector.length });
  const [marked, setMarked] = useState(-1);
  const [isOpen, setOpen] = useState(false);
  const completion = completionAt(text, cursor);
  const label = completion?.label ?? '';
  const all = { ...query, selector: '{}' };
  const key = JSON.stringify([state.from, state.until, state.tenant, nowMs]);
  const caller = (signal: AbortSignal) => ({ tenant: state.tenant, signal });
  const names = useAnswer(key, (signal) => labelNames(caller(signal), all));
  const values = useAnswer(`${key}${label}`, async (signal) =>
    label === '' ? [] : labelValues(caller(signal), label, all),
  );
  const options = label === '' ? (names.value ?? []).filter((name) => !name.startsWith('__')) : (values.value ?? []);
  const offered = completion === undefined || !isOpen ? [] : fuzzyFind(options, completion.typed).slice(0, OFFERED_MAX);
  const list = { id: `${id}list`, options: offered, marked };
  const isWrong = text.trim() !== '' && parseSelector(text) === undefined;
  useLayoutEffect(() => input.current?.setSelectionRange(cursor, cursor), [text, cursor]);
  const pick = (option: string | undefined): void => {
    if (option === undefined || completion === undefined) return;
    setText(completed(text, cursor, completion, option));
    setMarked(-1);
    input.current?.focus();
  };
  return (
    <form
      className="picker"
      onSubmit={(event) => {
        event.preventDefault();
        onApply(text.trim() === '' ? '{}' : text);
      }}
    >
      <div className="selector">
        <label>
          Label selector
          <input
            ref={input}
            className="wide"
            {...comboboxOf(list)}
            aria-invalid={isWrong}
            aria-describedby={`${id}wrong`}
            value={text}
            onChange={(event) => {
              const { value, selectionStart } = event.currentTarget;
              setText({ text: value, cursor: selectionStart ?? value.length });
              setMarked(-1);
              setOpen(true);
            }}
            onFocus={() => setOpen(true)}
            onBlur={() => setOpen(false)}
            onSelect={(event) => {
              const { selectionStart, selectionEnd } = event.currentTarget;
              if (selectionStart !== null && selectionStart === selectionEnd && selectionStart !== cursor) {
                setText({ text, cursor: selectionStart });
              }
            }}
            onKeyDown={(event) => {
              if (offered.length === 0) return;
              const next = markedAfter(event.key, marked, offered.length);
              if (next !== undefined) setMarked(next);
              else if (event.key === 'Escape') setOpen(false);
              else if (event.key === 'Enter' && marked >= 0) pick(offered[marked]);
              else return;
              event.preventDefault();
            }}
          />
        </label>
        <button type="submit">Apply</button>
      </div>
      <span className="error" id={`${id}wrong`}>
        {isWrong && 'Not a selector yet: {name="value", other=~"pattern"}'}
      </span>
      {offered.length > 0 && <Listbox {...list} label="Labels" words={(option) => option} onPick={pick} />}
    </form>
  );
}
