/** How the engine's garbage collector is set. */
import { setFlagsFromString } from 'node:v8';

/** Growth of the old generation until it is collected again, percent: the most that V8 allows itself. */
const HEAP_GROWTH_PERCENT = 300;

/**
 * Lets heaps grow to four times what lives before all of it is marked again, in every thread of the process from the next collection on.
 * V8 chooses between 1.1 and 4 times by how fast marking went by the clock: on a busy machine it goes slowly, so it marks more often, which
 * makes the machine busier. Columns in array buffers count as growth, and what a thread takes in is gone with the profile.
 */
export function collectRarely(): void {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`);
}
