/** What a query answered: the last answer stays while the next is under way, and a query nobody waits for any more is cancelled. */
import { useEffect, useState } from 'react';

export interface Answer<Value> {
  readonly value: Value | undefined;
  readonly error: string | undefined;
  readonly isLoading: boolean;
}

/** @param key - says what is asked: another key is another question */
export function useAnswer<Value>(key: string, ask: (signal: AbortSignal) => Promise<Value>): Answer<Value> {
  const [answer, setAnswer] = useState<Answer<Value>>({ value: undefined, error: undefined, isLoading: true });
  useEffect(() => {
    const asked = new AbortController();
    setAnswer(({ value }) => ({ value, error: undefined, isLoading: true }));
    ask(asked.signal).then(
      (value) => {
        if (!asked.signal.aborted) setAnswer({ value, error: undefined, isLoading: false });
      },
      (error: unknown) => {
        if (asked.signal.aborted) return;
        const words = error instanceof Error ? error.message : String(error);
        setAnswer({ value: undefined, error: words, isLoading: false });
      },
    );
    return () => asked.abort();
  }, [key]);
  return answer;
}
