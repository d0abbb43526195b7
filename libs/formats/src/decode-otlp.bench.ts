/**
 * Decoding OTLP against protobufjs, whose code for a schema is the usual way: `node decode-otlp.bench.ts`. The requests are the
 * profiles of test/bench/sets.json as OTLP. Ours are pprof columns at the end, the peer's are objects.
 */
import { printBar } from '../../../test/bench/bars.ts';
import { protobufjsOtlpDecoder } from '../../../test/bench/protobufjs-profile.ts';
import { readSet, SET_NAMES } from '../../../test/bench/sets.ts';
import { decodeOtlp, decodePprof, normalizeProfile, type Pprof } from './index.ts';
import { encodeOtlp } from './otlp/encode-otlp.test-support.ts';

const ROUNDS = 7;
const ROUND_REQUESTS = 300;
const KEPT = 64;
const LIMITS = { samplesMax: 250_000, sampleLabelsMax: 100 };
/** Decoding against protobufjs. */
const RATIO_MIN = 1.5;

/** Median CPU time a call over some rounds, in microseconds; the last results are kept, as a server does. */
function measure(inputs: readonly Uint8Array[], run: (input: Uint8Array) => unknown): number {
  const calls = Math.max(1, Math.ceil(ROUND_REQUESTS / inputs.length)) * inputs.length;
  const results: unknown[] = [];
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < calls; i++) results[i % KEPT] = run(inputs[i % inputs.length]);
    const { user, system } = process.cpuUsage(before);
    rounds.push((user + system) / calls);
  }
  return rounds.sort((a, b) => a - b)[ROUNDS >> 1];
}

function decode(request: Uint8Array): Pprof[] {
  const { members } = decodeOtlp(request, 'proto', LIMITS);
  return members.flatMap((member) => member.read().parts.map(({ pprof }) => pprof));
}

const peer = protobufjsOtlpDecoder();
for (const name of SET_NAMES) {
  const requests = readSet(name).map(({ pprof }) =>
    encodeOtlp(decodePprof(pprof), { schema: 'v1.10', isPacked: true, attributes: { 'service.name': 'bench' } }),
  );
  const bytesEach = requests.reduce((sum, { length }) => sum + length, 0) / requests.length;
  const ours = measure(requests, decode);
  const peers = measure(requests, peer);
  const whole = measure(requests, (request) => decode(request).map((pprof) => normalizeProfile(pprof)));
  console.log(
    `${name}: ${requests.length} requests of ${bytesEach.toFixed(0)} bytes: decode ${ours.toFixed(0)} µs, ` +
      `decode + normalize ${whole.toFixed(0)} µs, protobufjs ${peers.toFixed(0)} µs; ${(bytesEach / ours).toFixed(0)} MB/s`,
  );
  printBar({ bar: `decode OTLP, ${name}: protobufjs ÷ ours`, value: peers / ours, unit: '×', atLeast: RATIO_MIN });
}
