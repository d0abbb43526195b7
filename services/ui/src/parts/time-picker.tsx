/** Chooses the time range, and how often it is asked for again. */
import { type FormEvent, useId, useState } from 'react';
import { describeRange, QUICK_RANGES, rangeTrouble, TIMES_TAKEN } from '../model/time-range.ts';
import { usePage } from './page.ts';
import { Popover } from './popover.tsx';

const REFRESHES = [0, 5, 15, 60] as const;

export function TimePicker() {
  const { state, go } = usePage();
  const isQuick = state.until === 'now' && QUICK_RANGES.some(([start]) => start === state.from);
  return (
    <div className="time">
      <select
        aria-label="Time range"
        value={isQuick ? state.from : 'other'}
        onChange={(event) => {
          if (event.currentTarget.value !== 'other') go({ from: event.currentTarget.value, until: 'now' });
        }}
      >
        {!isQuick && <option value="other">{describeRange(state.from, state.until)}</option>}
        {QUICK_RANGES.map(([start, words]) => (
          <option key={start} value={start}>
            {words}
          </option>
        ))}
      </select>
      <Popover label="Exact">{(close) => <ExactRange onDone={close} />}</Popover>
      <select
        aria-label="Refresh"
        value={String(state.refresh)}
        onChange={(event) => go({ refresh: Number(event.currentTarget.value) })}
      >
        {REFRESHES.map((seconds) => (
          <option key={seconds} value={String(seconds)}>
            {seconds === 0 ? 'No refresh' : `Every ${seconds} s`}
          </option>
        ))}
      </select>
      <button onClick={() => go({})} aria-label="Refresh now" title="Refresh now">
        ↻
      </button>
    </div>
  );
}

/** Says so when the address names a range that is none: what is shown then is another. */
export function RangeTrouble() {
  const { state, nowMs } = usePage();
  const { from, until } = rangeTrouble(state.from, state.until, nowMs);
  if (from === '' && until === '') return null;
  return (
    <p className="error" role="alert">
      {from} {until} The last hour is shown.
    </p>
  );
}

function ExactRange({ onDone }: { readonly onDone: () => void }) {
  const { state, go, nowMs } = usePage();
  const [from, setFrom] = useState('');
  const [until, setUntil] = useState('');
  const [start, end] = [from.trim() || state.from, until.trim() || state.until];
  const trouble = rangeTrouble(start, end, nowMs);
  const apply = (event: FormEvent): void => {
    event.preventDefault();
    if (trouble.from !== '' || trouble.until !== '') return;
    go({ from: start, until: end });
    setFrom('');
    setUntil('');
    onDone();
  };
  return (
    <form onSubmit={apply}>
      <TimeField label="From" value={from} placeholder={state.from} trouble={trouble.from} onChange={setFrom} />
      <TimeField label="Until" value={until} placeholder={state.until} trouble={trouble.until} onChange={setUntil} />
      {trouble.from === '' && trouble.until === '' && <p className="quiet">Write {TIMES_TAKEN}.</p>}
      <button type="submit">Show</button>
    </form>
  );
}

interface TimeFieldProps {
  readonly label: string;
  readonly value: string;
  /** What holds while nothing is written. */
  readonly placeholder: string;
  /** What is wrong with it; empty when nothing is. */
  readonly trouble: string;
  readonly onChange: (text: string) => void;
}

function TimeField({ label, value, placeholder, trouble, onChange }: TimeFieldProps) {
  const id = useId();
  return (
    <div>
      <label>
        {label}
        <input
          placeholder={placeholder}
          value={value}
          spellCheck={false}
          aria-invalid={trouble !== ''}
          aria-describedby={id}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      </label>
      <p className="error" id={id} role="status">
        {trouble}
      </p>
    </div>
  );
}
