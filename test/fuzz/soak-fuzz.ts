/** A million damaged inputs for each decoder, or one of them again. */
import { DECODERS } from './decoders.ts';
import { fuzzDecoder } from './fuzz-decoder.ts';

const INPUTS = 1_000_000;
/** Between two lines of progress. */
const STRETCH = 50_000;

/**
 * @param seed - number of the first input; given without a count, the only one
 * @returns false after telling of an input that is not taken well
 */
export async function soakFuzz(
  seed: number | undefined,
  decoder: string | undefined,
  count?: number,
): Promise<boolean> {
  const first = seed ?? Date.now() % 1_000_000_000;
  const inputs = count ?? (seed === undefined ? INPUTS : 1);
  for (const name of decoder === undefined ? Object.keys(DECODERS) : [decoder]) {
    for (let done = 0; done < inputs; done += STRETCH) {
      try {
        const { accepted, refused, cpuMsMost, grownBytesMost } = fuzzDecoder(
          name,
          first + done,
          Math.min(STRETCH, inputs - done),
        );
        const most = `at most ${cpuMsMost.toFixed(1)} ms and ${(grownBytesMost / 1e6).toFixed(1)} MB each`;
        // What zlib closes it lets go in the loop's next turn.
        await new Promise(setImmediate);
        console.log(`${name}: inputs from ${first + done} on: ${accepted} accepted, ${refused} refused, ${most}`);
      } catch (error) {
        console.error(error);
        return false;
      }
    }
  }
  return true;
}
