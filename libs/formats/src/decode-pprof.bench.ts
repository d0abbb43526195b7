/**
 * Decoding pprof against protobufjs, whose code for a schema is the usual way: `node decode-pprof.bench.ts`.
 * Prints CPU microseconds a profile and the ratio, for the sets of test/bench/sets.json. The last 64 results are kept, as a
 * server keeps those of the pushes under way: what lives on is what costs the collector. The ratio without that is shown too.
 */
import { gzipSync } from 'node:zlib';
import { printBar } from '../../../test/bench/bars.ts';
import { protobufjsDecoder } from '../../../test/bench/protobufjs-profile.ts';
import { readSet, SET_NAMES } from '../../../test/bench/sets.ts';
import { decodePprof, inflate, normalizeProfile } from './index.ts';

const ROUNDS = 7;
const ROUND_PROFILES = 400;
const BYTES_MAX = 33_554_432;
const KEPT = 64;
/** Decoding against protobufjs. */
const RATIO_MIN = 8;

/** Median CPU time a call over some rounds, in microseconds. */
function measure(inputs: readonly Uint8Array[], run: (input: Uint8Array) => unknown, kept = KEPT): number {
  const calls = Math.max(1, Math.ceil(ROUND_PROFILES / inputs.length)) * inputs.length;
  const results: unknown[] = [];
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < calls; i++) {
      const result = run(inputs[i % inputs.length]);
      if (kept > 0) results[i % kept] = result;
    }
    const { user, system } = process.cpuUsage(before);
    rounds.push((user + system) / calls);
  }
  return rounds.sort((a, b) => a - b)[ROUNDS >> 1];
}

const peer = protobufjsDecoder();
for (const name of SET_NAMES) {
  const plain = readSet(name).map(({ pprof }) => pprof);
  const packed = plain.map((bytes) => gzipSync(bytes));
  const bytesEach = plain.reduce((sum, { length }) => sum + length, 0) / plain.length;
  const decode = measure(plain, decodePprof);
  const peers = measure(plain, peer);
  const steps: Record<string, number> = {
    inflate: measure(packed, (bytes) => inflate(bytes, { bytesMax: BYTES_MAX })),
    decode,
    'decode + normalize': measure(plain, (bytes) => normalizeProfile(decodePprof(bytes))),
    protobufjs: peers,
  };
  const times = Object.entries(steps).map(([step, us]) => `${step} ${us.toFixed(0)} µs`);
  console.log(
    `${name}: ${plain.length} profiles of ${bytesEach.toFixed(0)} bytes: ${times.join(', ')}; ` +
      `decode ${(bytesEach / decode).toFixed(0)} MB/s`,
  );
  printBar({ bar: `decode pprof, ${name}: protobufjs ÷ ours`, value: peers / decode, unit: '×', atLeast: RATIO_MIN });
  const alone = measure(plain, peer, 0) / measure(plain, decodePprof, 0);
  printBar({ bar: `decode pprof, ${name}: the same, results dropped at once`, value: alone, unit: '×' });
}
