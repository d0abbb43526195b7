/** Chooses the time range, and how often it is asked for again. */
import { type FormEvent, useState } from 'react';
import { describeRange, parseTime, QUICK_RANGES } from '../model/time-range.ts';
import { usePage } from './page.ts';

const REFRESHES = [0, 5, 15, 60] as const;

export function TimePicker() {
  const { state, go, nowMs } = usePage();
  const [from, setFrom] = useState('');
  const [until, setUntil] = useState('');
  const isQuick = state.until === 'now' && QUICK_RANGES.some(([start]) => start === state.from);
  const isWrong = [from, until].some((text) => text !== '' && parseTime(text, nowMs) === undefined);
  const apply = (event: FormEvent): void => {
    event.preventDefault();
    if (!isWrong) go({ from: from || state.from, until: until || state.until });
  };
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
      <details>
        <summary>Exact</summary>
        <form className="popover" onSubmit={apply}>
          <label>
            From
            <input placeholder={state.from} value={from} onChange={(event) => setFrom(event.currentTarget.value)} />
          </label>
          <label>
            Until
            <input placeholder={state.until} value={until} onChange={(event) => setUntil(event.currentTarget.value)} />
          </label>
          <p className="quiet">now-90m, 2026-11-21 03:42, or milliseconds since 1970</p>
          {isWrong && <p className="error">That is no time.</p>}
          <button type="submit">Show</button>
        </form>
      </details>
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
      <button onClick={() => go({})} aria-label="Refresh now">
        ↻
      </button>
    </div>
  );
}
