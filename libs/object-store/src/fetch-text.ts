/** A small request with a timeout, for services that give credentials. */
import { type Clock, FlamelakeError } from '@flamelake/model';
import { withProgressTimeout } from './progress-timeout.ts';
import { readBody } from './read-body.ts';

export interface FetchedText {
  readonly status: number;
  readonly text: string;
}

/** @throws {FlamelakeError} `unavailable` when nobody answers in time */
export async function fetchText(
  url: string,
  request: { readonly method: string; readonly headers?: Record<string, string>; readonly body?: string },
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<FetchedText> {
  try {
    return await withProgressTimeout(
      async (call) => {
        const answer = await fetch(url, { ...request, redirect: 'error', signal: call.signal });
        const body = answer.body === null ? new Uint8Array(0) : await readBody(answer.body, undefined, call);
        return { status: answer.status, text: Buffer.from(body).toString() };
      },
      { clock, timeoutMs },
    );
  } catch (cause) {
    throw new FlamelakeError('unavailable', 'service that gives credentials does not answer', { url }, { cause });
  }
}
