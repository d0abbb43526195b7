/** What is shown of an answer: the thing itself, that it is on its way, or what is wrong with it. */
import type { ReactNode } from 'react';
import type { Answer } from './use-answer.ts';

export interface LoadingProps<Value> {
  readonly answer: Answer<Value>;
  /** Room that is kept for the first answer, so that nothing below it jumps. */
  readonly minHeightPx?: number;
  /** What is said elsewhere on the page already. */
  readonly saidError?: string | undefined;
  readonly children: (value: Value) => ReactNode;
}

export function Loading<Value>({ answer, minHeightPx = 0, saidError, children }: LoadingProps<Value>) {
  const { value, error, isLoading } = answer;
  const isFirst = value === undefined && isLoading;
  return (
    <div
      className={isLoading && !isFirst ? 'loading' : ''}
      aria-busy={isLoading}
      {...(isFirst && { style: { minHeight: `${minHeightPx}px` } })}
    >
      {error !== undefined && error !== saidError && (
        <p className="error" role="alert">
          {error}
        </p>
      )}
      {isFirst && <p className="quiet late">Loading…</p>}
      {value !== undefined && children(value)}
    </div>
  );
}
