/**
 * A server with nothing to do: how soon it is ready, how much memory it holds, how long one push waits for its acknowledgement.
 * Times are wall clock: on a machine that does other work they are longer.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startServer } from '../e2e/server-process.ts';
import { printBar } from './bars.ts';
import { residentMb } from './process-usage.ts';
import { makePushes } from './pushes.ts';
import { sendPushes } from './send-pushes.ts';
import { readSet } from './sets.ts';

const STARTS = 5;
/** What a start allocates is collected some seconds later. */
const SETTLE_MS = 8_000;
const WARM_PUSHES = 200;
const PUSHES = 200;

const readyMs: number[] = [];
let idleMb = 0;
for (let start = 0; start < STARTS; start++) {
  const startMs = performance.now();
  const server = await startServer();
  readyMs.push(performance.now() - startMs);
  if (start === STARTS - 1) {
    await sleep(SETTLE_MS);
    idleMb = residentMb(server.pid).now;
  }
  await server.terminate();
}

const server = await startServer();
const pushes = makePushes(readSet('cpu'), WARM_PUSHES + PUSHES, Date.now());
await sendPushes(server.url, pushes.slice(0, WARM_PUSHES), 1);
const acknowledgedMs = await sendPushes(server.url, pushes.slice(WARM_PUSHES), 1);
await server.terminate();

console.log(`ready after ${readyMs.map((ms) => ms.toFixed(0)).join(', ')} ms`);
printBar({ bar: 'ready after start, median', value: median(readyMs), unit: 'ms', atMost: 1_500 });
printBar({ bar: 'idle resident memory', value: idleMb, unit: 'MB', atMost: 220 });
printBar({ bar: 'acknowledgement when idle, p50', value: median(acknowledgedMs), unit: 'ms', atMost: 10 });

function median(values: Iterable<number>): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
