/** The malformed set, a case at a time: how long the event loop is held up, and how large the server gets. */
import { readMalformedCases, sendCase } from '../e2e/malformed-cases.ts';
import { startServer } from '../e2e/server-process.ts';
import { printBar } from './bars.ts';
import { residentMb } from './process-usage.ts';
import { eventLoopLag } from './server-metrics.ts';

// The cases keep the times they were made with. Our own profiles would add their pauses.
const server = await startServer({ flags: ['--self-profiling.enabled=false', '--limits.ingestion-window=36500d'] });
const cases = readMalformedCases();
await eventLoopLag(server.url);
let longest = { file: '', ms: 0 };
for (const one of cases) {
  await sendCase(server.url, one);
  const { maxMs } = await eventLoopLag(server.url);
  if (maxMs > longest.ms) longest = { file: one.file, ms: maxMs };
}
const { peak } = residentMb(server.pid);
await server.terminate();
console.log(`${cases.length} cases, the event loop was held up longest by ${longest.file}`);
printBar({ bar: 'malformed input: event loop held up, longest', value: longest.ms, unit: 'ms', atMost: 50 });
printBar({ bar: 'malformed input: peak resident memory', value: peak, unit: 'MB', atMost: 512 });
