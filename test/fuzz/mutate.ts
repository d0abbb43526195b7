/** Random damage to sound input: cut short, bits flipped, bytes replaced, pieces left out, repeated or joined, or noise alone. */
import type { SeededRandom } from '@flamelake/testkit';

const NOISE_BYTES_MAX = 512;
const CHANGES_MAX = 8;
/** Bytes that numbers and texts of formats turn on. */
const TELLING = [0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x20, 0x3b, 0x22, 0x5b, 0x7b, 0x2d, 0x39] as const;

type Damage = (random: SeededRandom, inputs: readonly Uint8Array[]) => Uint8Array;

const noise: Damage = (random) => random.bytes(random.integer(NOISE_BYTES_MAX));

const cutShort: Damage = (random, inputs) => {
  const bytes = random.pick(inputs);
  return bytes.slice(0, random.integer(bytes.length + 1));
};

const changed: Damage = (random, inputs) => {
  const bytes = Uint8Array.from(random.pick(inputs));
  const isFlip = random.chance(0.5);
  for (let left = 1 + random.integer(CHANGES_MAX); left > 0; left--) {
    const at = random.integer(bytes.length);
    const flipped = (bytes[at] ?? 0) ^ (1 << random.integer(8));
    bytes[at] = isFlip ? flipped : random.chance(0.5) ? random.integer(256) : random.pick(TELLING);
  }
  return bytes;
};

const repeated: Damage = (random, inputs) => {
  const bytes = random.pick(inputs);
  const places = [random.integer(bytes.length + 1), random.integer(bytes.length + 1)];
  const [from, until] = [Math.min(...places), Math.max(...places)];
  const pieces = Array.from({ length: random.integer(3) }, () => bytes.subarray(from, until));
  return Buffer.concat([bytes.subarray(0, from), ...pieces, bytes.subarray(until)]);
};

const joined: Damage = (random, inputs) => {
  const [head, tail] = [random.pick(inputs), random.pick(inputs)];
  return Buffer.concat([
    head.subarray(0, random.integer(head.length + 1)),
    tail.subarray(random.integer(tail.length + 1)),
  ]);
};

const DAMAGES: readonly Damage[] = [noise, cutShort, changed, changed, repeated, joined];

/** @param inputs - sound input, none of it empty; left as it is */
export function damaged(random: SeededRandom, inputs: readonly Uint8Array[]): Uint8Array {
  return random.pick(DAMAGES)(random, inputs);
}
