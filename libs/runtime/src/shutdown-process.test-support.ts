/** For tests: a process that stops in a given way at SIGTERM. Says `ready`, then what it does, on standard output. */
import { writeSync } from 'node:fs';
import { systemClock } from './clock.ts';
import { createLogger } from './logger.ts';
import { endOnUncaught, onShutdown } from './process.ts';

const [how] = process.argv.slice(2);
const logger = createLogger({ level: 'silent' });
endOnUncaught(logger);
onShutdown(
  async (signal) => {
    writeSync(1, `stopping on ${signal}\n`);
    if (how === 'throws') throw new Error('no');
    if (how === 'hangs') await systemClock.sleep(600_000);
  },
  { logger, clock: systemClock, timeoutMs: how === 'hangs' ? 10 : 600_000 },
);
if (how === 'breaks') setImmediate(() => void Promise.reject(new Error('nobody catches this')));
const alive = systemClock.sleep(600_000);
writeSync(1, 'ready\n');
await alive;
