/** Calls from one thread to another over a message port: named methods, one answer each, errors keep their code. */
import type { MessagePort, Transferable } from 'node:worker_threads';
import { type ErrorCode, type ErrorDetails, FlamelakeError } from '@flamelake/model';

/** Methods a thread serves; what they return must be cloneable. */
export type PortMethods = Readonly<Record<string, (argument: never) => Promise<PortAnswer>>>;

export interface PortAnswer {
  readonly value: unknown;
  /** Buffers that move to the caller instead of being copied. */
  readonly transfer?: readonly Transferable[];
}

interface CallMessage {
  readonly call: number;
  readonly method: string;
  readonly argument: unknown;
}

interface AnswerMessage {
  readonly answer: number;
  readonly value?: unknown;
  readonly error?: { readonly code: ErrorCode; readonly message: string; readonly details: ErrorDetails };
}

/** Answers calls that arrive at the port until it closes. */
export function servePort(port: MessagePort, methods: PortMethods): void {
  port.on('message', (message: Partial<CallMessage>) => {
    if (message.call === undefined) return;
    const method = methods[message.method ?? ''];
    const failure = new FlamelakeError('unimplemented', 'no such method at this port', {
      method: message.method ?? '',
    });
    const answer = method === undefined ? Promise.reject(failure) : method(message.argument as never);
    answer.then(
      ({ value, transfer = [] }) => port.postMessage({ answer: message.call, value }, transfer),
      (error: unknown) => port.postMessage({ answer: message.call, error: plainError(error) }),
    );
  });
}

export interface PortCaller {
  /** @throws {FlamelakeError} what the method threw, or `unavailable` when the port closes first */
  call<Value>(method: string, argument?: unknown): Promise<Value>;
}

/** Makes the caller of the other end. */
export function portCaller(port: MessagePort): PortCaller {
  const pending = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  let next = 0;
  port.on('message', (message: Partial<AnswerMessage>) => {
    if (message.answer === undefined) return;
    const waiting = pending.get(message.answer);
    pending.delete(message.answer);
    if (message.error === undefined) waiting?.resolve(message.value);
    else waiting?.reject(new FlamelakeError(message.error.code, message.error.message, message.error.details));
  });
  port.on('close', () => {
    for (const { reject } of pending.values()) reject(new FlamelakeError('unavailable', 'the other thread has ended'));
    pending.clear();
  });
  return {
    call: <Value>(method: string, argument?: unknown) =>
      new Promise<Value>((resolve, reject) => {
        const call = next++;
        pending.set(call, { resolve: resolve, reject });
        port.postMessage({ call, method, argument });
      }),
  };
}

function plainError(error: unknown): AnswerMessage['error'] {
  if (error instanceof FlamelakeError) return { code: error.code, message: error.message, details: error.details };
  return { code: 'internal', message: error instanceof Error ? error.message : String(error), details: {} };
}
