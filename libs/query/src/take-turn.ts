/** Tasks share a thread, and may be canceled while others have it. */
import { FlamelakeError } from '@flamelake/model';

export interface TurnOptions {
  readonly signal: AbortSignal;
  /** Called between datasets and pieces of large ones: lets others have their turn when there was none for a while. */
  readonly pause: () => Promise<void>;
}

/** @throws {FlamelakeError} `canceled` when the signal aborts, which it can while others have their turn */
export async function takeTurn({ signal, pause }: TurnOptions): Promise<void> {
  await pause();
  throwIfAborted(signal);
}

export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new FlamelakeError('canceled', 'query was canceled', {}, { cause: signal.reason });
}
