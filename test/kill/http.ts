/** Requests of clients that give up after a while, and what an answer means to them. */

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly token: string;
  /** Sealed name of the snapshot that a query was answered from. */
  readonly snapshot: string;
}

export interface Sending {
  readonly timeoutMs: number;
  readonly tenant?: string | undefined;
  readonly token?: string | undefined;
}

/** @returns undefined when there was no answer: the request may have been done, or not */
export async function post(
  url: string,
  method: string,
  message: object,
  { tenant, token, timeoutMs }: Sending,
): Promise<Answer | undefined> {
  try {
    const response = await fetch(`${url}/${method}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(tenant !== undefined && { 'x-scope-orgid': tenant }),
        ...(token !== undefined && { 'x-flamelake-commit': token }),
      },
      body: JSON.stringify(message),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const body = await response.text();
    const header = (name: string) => response.headers.get(`x-flamelake-${name}`) ?? '';
    return { status: response.status, body, token: header('commit'), snapshot: header('snapshot') };
  } catch {
    return undefined;
  }
}

/** Statuses that say nothing of the request itself: it may be sent again. */
export function mayRetry(status: number): boolean {
  return status === 429 || status === 503 || status === 504 || status === 499;
}

/** How an answer is counted: its status, with the words of an error; `none` where none came. */
function outcomeOf(answer: Answer | undefined): string {
  if (answer === undefined) return 'none';
  if (answer.status === 200) return '200';
  const message = /"message":\s*"([^"(]*)/.exec(answer.body)?.[1] ?? answer.body.slice(0, 60);
  return `${answer.status} ${message}`.trim();
}

export type Outcomes = ReadonlyMap<string, number>;

export function addOutcome(outcomes: Map<string, number>, answer: Answer | undefined): void {
  const outcome = outcomeOf(answer);
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
}

export const shownOutcomes = (outcomes: Outcomes) => JSON.stringify(Object.fromEntries(outcomes));
