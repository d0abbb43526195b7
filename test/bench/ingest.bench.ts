/**
 * Ingest end to end: a server process of its own takes forms on `/ingest` from 64 connections, 10 services and 97 pods, until
 * its last segment is cut. Counted is the server's CPU time, all threads; against it stands decoding the same profiles with
 * protobufjs and nothing else, in this process. Bytes are those of the segments against the gzipped profiles.
 */
import { startServer } from '../e2e/server-process.ts';
import { type Bar, printBar } from './bars.ts';
import { cpuSeconds, residentMb } from './process-usage.ts';
import { protobufjsDecoder } from './protobufjs-profile.ts';
import { makePushes, type Push } from './pushes.ts';
import { sendPushes } from './send-pushes.ts';
import { eventLoopLag } from './server-metrics.ts';
import { absentFiles, readSet, type SetName } from './sets.ts';
import { watchSegments } from './written-segments.ts';

const CONCURRENCY = 64;
/** Pushes until the code is compiled. */
const WARM_PUSHES = 600;
const ROUND_PUSHES = 1_000;
const ROUNDS = 3;
/** Folding is another bench's: it is not part of taking a profile in. */
const FLAGS = ['--compactor.fold-interval=1h', '--compactor.fold-segments=10000'];

const decodeWithProtobufjs = protobufjsDecoder();

/** CPU seconds that protobufjs takes for the profiles, decoded once each; as many are kept as the server has under way. */
function peerSeconds(pushes: readonly Push[]): number {
  const kept: unknown[] = [];
  const before = process.cpuUsage();
  for (const [i, { pprof }] of pushes.entries()) kept[i % CONCURRENCY] = decodeWithProtobufjs(pprof);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

interface Round {
  readonly serverSeconds: number;
  readonly peerSeconds: number;
  readonly pushesPerSecond: number;
}

async function measure(name: SetName) {
  const pushes = makePushes(readSet(name), WARM_PUSHES + ROUNDS * ROUND_PUSHES, Date.now());
  const server = await startServer({ flags: FLAGS });
  const segments = watchSegments(server.directory);
  const warm = pushes.slice(0, WARM_PUSHES);
  await sendPushes(server.url, warm, CONCURRENCY);
  await segments.holds(WARM_PUSHES);
  peerSeconds(warm);
  await eventLoopLag(server.url);
  const bytesBefore = segments.bytes();
  const rounds: Round[] = [];
  for (let sent = WARM_PUSHES; sent < pushes.length; sent += ROUND_PUSHES) {
    const some = pushes.slice(sent, sent + ROUND_PUSHES);
    const startSeconds = cpuSeconds(server.pid);
    const startMs = performance.now();
    await sendPushes(server.url, some, CONCURRENCY);
    const pushesPerSecond = (some.length * 1_000) / (performance.now() - startMs);
    await segments.holds(sent + some.length);
    rounds.push({
      serverSeconds: cpuSeconds(server.pid) - startSeconds,
      peerSeconds: peerSeconds(some),
      pushesPerSecond,
    });
  }
  const lag = await eventLoopLag(server.url);
  const { peak } = residentMb(server.pid);
  const written = segments.bytes() - bytesBefore;
  const gzipBytes = pushes.slice(WARM_PUSHES).reduce((sum, push) => sum + push.gzipBytes, 0);
  const pprofBytes = pushes.reduce((sum, { pprof }) => sum + pprof.length, 0) / pushes.length;
  await server.terminate();
  return { rounds, lag, peakMb: peak, bytesRatio: written / gzipBytes, pprofBytes, count: pushes.length };
}

/** The bar is for the whole set: its committed part has the small profiles, of which most of the cost is HTTP. */
const PEER_BAR = absentFiles() === 0 ? { atMost: 0.9 } : {};
const BARS: Readonly<Record<SetName, { cpu: Partial<Bar>; peer: Partial<Bar>; bytes: Partial<Bar> }>> = {
  mixed: { cpu: { atMost: 2.6 }, peer: PEER_BAR, bytes: { atMost: 0.5 } },
  cpu: { cpu: {}, peer: {}, bytes: { atMost: 0.15 } },
};

for (const name of ['mixed', 'cpu'] as const) {
  const { rounds, lag, peakMb, bytesRatio, pprofBytes } = await measure(name);
  for (const round of rounds) {
    const perThousand = (seconds: number) => ((seconds * 1_000) / ROUND_PUSHES).toFixed(2);
    console.log(
      `${name}: profiles of ${pprofBytes.toFixed(0)} bytes: server ${perThousand(round.serverSeconds)} CPU-s, ` +
        `protobufjs ${perThousand(round.peerSeconds)} CPU-s per 1,000; ${round.pushesPerSecond.toFixed(0)} pushes/s`,
    );
  }
  const least = (of: (round: Round) => number) => Math.min(...rounds.map(of));
  const server = least((round) => round.serverSeconds);
  const peer = least((round) => round.peerSeconds);
  const { cpu, peer: ofPeer, bytes } = BARS[name];
  printBar({ bar: `ingest, ${name}: per 1,000 profiles`, value: server, unit: 'CPU-s', ...cpu });
  printBar({ bar: `ingest, ${name}: ÷ decoding with protobufjs`, value: server / peer, unit: '×', ...ofPeer });
  printBar({ bar: `segments, ${name}: ÷ gzipped pprof`, value: bytesRatio, unit: '×', ...bytes });
  printBar({ bar: `event loop under load, ${name}: p99`, value: lag.p99Ms, unit: 'ms' });
  printBar({ bar: `event loop under load, ${name}: longest`, value: lag.maxMs, unit: 'ms' });
  printBar({ bar: `peak memory under load, ${name}`, value: peakMb, unit: 'MB' });
}
