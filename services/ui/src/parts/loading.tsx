/** What is shown of an answer: the thing itself, that it is on its way, or what is wrong with it. */
import type { ComponentChildren } from 'preact';
import type { Answer } from './use-answer.ts';

export interface LoadingProps<Value> {
  readonly answer: Answer<Value>;
  readonly children: (value: Value) => ComponentChildren;
}

export function Loading<Value>({ answer: { value, error, isLoading }, children }: LoadingProps<Value>) {
  return (
    <div class={isLoading ? 'answer loading' : 'answer'} aria-busy={isLoading}>
      {error !== undefined && <p class="error">{error}</p>}
      {value === undefined && isLoading && <p class="quiet">Loading…</p>}
      {value !== undefined && children(value)}
    </div>
  );
}
