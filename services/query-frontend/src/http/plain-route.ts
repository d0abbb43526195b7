/** Queries over plain HTTP: a GET with parameters, an answer with a body. */
import type { CallContext } from '../queries.ts';

export interface PlainAnswer {
  readonly contentType: string;
  readonly body: string | Uint8Array;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface PlainRoute {
  /** Each serves the same; `:name` in a path is a parameter. */
  readonly paths: readonly string[];
  /** @throws {FlamelakeError} */
  answer(parameters: URLSearchParams, call: CallContext): Promise<PlainAnswer>;
}

export function jsonAnswer(body: string): PlainAnswer {
  return { contentType: 'application/json', body };
}
