/** A button that opens a panel below it. Escape, a click elsewhere and the focus going elsewhere close it. */
import { type ReactNode, useEffect, useRef } from 'react';

export interface PopoverProps {
  readonly label: string;
  readonly children: (close: () => void) => ReactNode;
}

export function Popover({ label, children }: PopoverProps) {
  const details = useRef<HTMLDetailsElement>(null);
  const close = (): void => {
    if (details.current !== null) details.current.open = false;
  };
  useEffect(() => {
    const elsewhere = ({ target }: Event): void => {
      if (target instanceof Node && details.current?.contains(target) === false) close();
    };
    document.addEventListener('pointerdown', elsewhere);
    return () => document.removeEventListener('pointerdown', elsewhere);
  }, []);
  return (
    <details
      ref={details}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        close();
        details.current?.querySelector('summary')?.focus();
      }}
      onBlur={({ currentTarget, relatedTarget }) => {
        if (relatedTarget !== null && !currentTarget.contains(relatedTarget)) close();
      }}
    >
      <summary>{label}</summary>
      <div className="popover">{children(close)}</div>
    </details>
  );
}
