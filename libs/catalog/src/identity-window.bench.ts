/**
 * The identity window against the naive form, a Map from hex to offset: `node --expose-gc identity-window.bench.ts`.
 * Prints CPU nanoseconds and bytes an identity for filling and looking up a million of them.
 */
import { createSeededRandom } from '@flamelake/testkit';
import { createIdentityWindow, IDENTITY_BYTES } from './identity-window.ts';

const COUNT = 1_000_000;
const WINDOW_MS = 5_400_000;
const ids = createSeededRandom(1).bytes(COUNT * IDENTITY_BYTES);

interface Form {
  add(at: number, offset: number, appendMs: number): void;
  offsetOf(at: number): number | undefined;
}

function measure(make: () => Form): { readonly nanos: number; readonly bytes: number } {
  globalThis.gc?.();
  const before = memoryBytes();
  const start = process.cpuUsage();
  const form = make();
  for (let i = 0; i < COUNT; i++) form.add(i * IDENTITY_BYTES, i, i * 5);
  let sum = 0;
  for (let i = 0; i < COUNT; i++) sum += form.offsetOf(i * IDENTITY_BYTES) ?? 0;
  const { user, system } = process.cpuUsage(start);
  globalThis.gc?.();
  const bytes = (memoryBytes() - before) / COUNT;
  // The sum and the form are used after the measurement, so neither is thrown away before it.
  if (sum !== (COUNT * (COUNT - 1)) / 2 || form.offsetOf(0) !== 0) throw new RangeError('a form has lost identities');
  return { nanos: ((user + system) * 1_000) / COUNT, bytes };
}

function memoryBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const ours = measure(() => {
  const window = createIdentityWindow({ windowMs: WINDOW_MS });
  return {
    add: (at, offset, appendMs) => window.add(ids, at, offset, appendMs),
    offsetOf: (at) => window.offsetOf(ids, at),
  };
});
const naive = measure(() => {
  const map = new Map<string, number>();
  const hex = (at: number) => Buffer.from(ids.buffer, ids.byteOffset + at, IDENTITY_BYTES).toString('hex');
  return { add: (at, offset) => void map.set(hex(at), offset), offsetOf: (at) => map.get(hex(at)) };
});
const line = (name: string, unit: string, a: number, b: number) =>
  console.log(`${name}: ${a.toFixed(0)} ${unit}, naive ${b.toFixed(0)}, ratio ${(a / b).toFixed(2)}`);
line('identity window, add and look up', 'ns', ours.nanos, naive.nanos);
line('identity window, memory', 'bytes', ours.bytes, naive.bytes);
