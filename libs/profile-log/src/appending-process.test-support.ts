/** For tests: appends records to the log of a directory without end, and prints each offset once it has resolved. */
import { writeSync } from 'node:fs';
import { nodeFileSystem, systemClock, systemRandom } from '@flamelake/runtime';
import { openFileLog } from './file-log.ts';

const [directory = '', appenders = '8'] = process.argv.slice(2);
const log = await openFileLog({
  directory,
  fileSystem: nodeFileSystem,
  clock: systemClock,
  random: systemRandom,
  fileBytesMax: 100_000,
  onFatal: () => process.abort(),
});

async function appendForever(appender: number): Promise<never> {
  for (let i = 0; ; i++) {
    const content = `${appender} ${i} `.padEnd(100 + ((i * 997) % 4_000), 'x');
    const { offset } = await log.append(0, Buffer.from(content));
    // Synchronous: what is printed has resolved before the kill.
    writeSync(1, `${offset} ${appender} ${i}\n`);
  }
}

await Promise.all(Array.from({ length: Number(appenders) }, (_, appender) => appendForever(appender)));
