/** For tests: takes a lock, says whether it has it, and stays. */
import { writeSync } from 'node:fs';
import { systemClock } from './clock.ts';
import { lockFile } from './file-lock.ts';

const lock = await lockFile(process.argv[2] ?? '');
writeSync(1, lock === undefined ? 'refused\n' : 'held\n');
if (lock !== undefined) await systemClock.sleep(600_000);
