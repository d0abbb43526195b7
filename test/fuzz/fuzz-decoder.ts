/** Feeds damaged input to a decoder: it may refuse it, and nothing else: no other error, no long work, no great memory. */
import assert from 'node:assert/strict';
import { FlamelakeError } from '@flamelake/model';
import { createSeededRandom } from '@flamelake/testkit';
import { DECODERS, type FuzzedDecoder } from './decoders.ts';
import { damaged } from './mutate.ts';

/** CPU time of one input, which the load of the machine does not change. */
const CPU_MS_MAX = 100;
const GROWN_BYTES_MAX = 67_108_864;
/** What else the thread does, such as collecting garbage, falls on the first try at most. */
const TRIES = 3;

export interface FuzzCounts {
  readonly accepted: number;
  readonly refused: number;
  readonly cpuMsMost: number;
  readonly grownBytesMost: number;
}

/**
 * @param first - number of the first input: inputs of equal numbers are equal
 * @throws {AssertionError} with the number of the input, and the input itself
 */
export function fuzzDecoder(name: string, first: number, count: number): FuzzCounts {
  const decoder = DECODERS[name];
  assert.ok(decoder !== undefined, `no decoder ${name}, but ${Object.keys(DECODERS).join(', ')}`);
  let accepted = 0;
  let cpuMsMost = 0;
  let grownBytesMost = 0;
  for (let number = first; number < first + count; number++) {
    const input = damaged(createSeededRandom(`${name} ${number}`), decoder.inputs);
    try {
      let outcome = run(decoder, input);
      for (let tries = 1; tries < TRIES && outcome.cpuMs > CPU_MS_MAX; tries++) outcome = run(decoder, input);
      if (outcome.isAccepted) accepted++;
      cpuMsMost = Math.max(cpuMsMost, outcome.cpuMs);
      grownBytesMost = Math.max(grownBytesMost, outcome.grownBytes);
      assert.ok(outcome.cpuMs <= CPU_MS_MAX, `took ${Math.round(outcome.cpuMs)} ms of CPU time`);
      assert.ok(outcome.grownBytes <= GROWN_BYTES_MAX, `took ${outcome.grownBytes} bytes`);
    } catch (cause) {
      const hex = Buffer.from(input).toString('hex');
      throw new Error(
        `input ${number} of ${name}; replay: make soak KIND=fuzz SEED=${number} DECODER='${name}'\n${hex}`,
        { cause },
      );
    }
  }
  return { accepted, refused: count - accepted, cpuMsMost, grownBytesMost };
}

function run({ decode }: FuzzedDecoder, input: Uint8Array) {
  const before = heldBytes();
  const started = process.threadCpuUsage();
  let isAccepted = true;
  try {
    decode(input);
  } catch (error) {
    if (!(error instanceof FlamelakeError)) throw error;
    assert.ok(error.code === 'invalid_argument' || error.code === 'out_of_range', `refused as ${error.code}`);
    isAccepted = false;
  }
  const { user, system } = process.threadCpuUsage(started);
  return { isAccepted, cpuMs: (user + system) / 1_000, grownBytes: heldBytes() - before };
}

/** A collection in between makes it less, never more. */
function heldBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
