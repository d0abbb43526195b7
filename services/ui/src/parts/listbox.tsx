/** The list below a field: what can be picked, one of them marked by keys. */
import { useEffect, useRef } from 'react';

export interface ListboxProps {
  /** Options are `<id>-<number>`. */
  readonly id: string;
  readonly label: string;
  readonly options: readonly string[];
  /** Number of the marked option; -1 for none. */
  readonly marked: number;
  /** How an option reads. */
  readonly words: (option: string) => string;
  readonly onPick: (option: string) => void;
}

export function Listbox({ id, label, options, marked, words, onPick }: ListboxProps) {
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    list.current?.children[marked]?.scrollIntoView({ block: 'nearest' });
  }, [marked]);
  return (
    <ul role="listbox" id={id} aria-label={label} ref={list}>
      {options.map((option, i) => (
        <li
          key={option}
          id={`${id}-${i}`}
          role="option"
          aria-selected={i === marked}
          onPointerDown={(event) => {
            // The field keeps the focus.
            event.preventDefault();
            onPick(option);
          }}
        >
          <bdi>{words(option)}</bdi>
        </li>
      ))}
    </ul>
  );
}

/** What the field of a list says of it; nothing of a list that is not there. */
export function comboboxOf({ id, options, marked }: Pick<ListboxProps, 'id' | 'options' | 'marked'>) {
  const isOpen = options.length > 0;
  return {
    role: 'combobox',
    autoComplete: 'off',
    spellCheck: false,
    'aria-expanded': isOpen,
    ...(isOpen && { 'aria-controls': id }),
    ...(isOpen && marked >= 0 && { 'aria-activedescendant': `${id}-${marked}` }),
  } as const;
}

/** The option that is marked after a key; undefined when the key marks none. */
export function markedAfter(key: string, marked: number, count: number): number | undefined {
  if (key === 'ArrowDown') return Math.min(marked + 1, count - 1);
  return key === 'ArrowUp' ? Math.max(marked - 1, 0) : undefined;
}
