/** What is shown of an answer: the thing itself, that it is on its way, or what is wrong with it. */
import type { ReactNode } from 'react';
import type { Answer } from './use-answer.ts';

export interface LoadingProps<Value> {
  readonly answer: Answer<Value>;
  readonly children: (value: Value) => ReactNode;
}

export function Loading<Value>({ answer: { value, error, isLoading }, children }: LoadingProps<Value>) {
  return (
    <div className={isLoading ? 'answer loading' : 'answer'} aria-busy={isLoading}>
      {error !== undefined && <p className="error">{error}</p>}
      {value === undefined && isLoading && <p className="quiet">Loading…</p>}
      {value !== undefined && children(value)}
    </div>
  );
}
