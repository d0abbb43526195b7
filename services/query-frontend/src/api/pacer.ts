/** Keeps long encodings from holding up the event loop. */
import { yieldToLoop } from '@flamelake/runtime';

/** Output between two turns of the loop: some milliseconds of work. */
const SLICE_BYTES = 1_048_576;

/** Told how much is written so far; answers a turn of the loop to await when a slice is full, undefined otherwise. */
export type Pacer = (writtenBytes: number) => Promise<void> | undefined;

export function createPacer(): Pacer {
  let dueBytes = SLICE_BYTES;
  return (writtenBytes) => {
    if (writtenBytes < dueBytes) return undefined;
    dueBytes = writtenBytes + SLICE_BYTES;
    return yieldToLoop();
  };
}
