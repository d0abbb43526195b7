/** Entry of the background thread: its roles over a log that another thread owns. */
import { workerData } from 'node:worker_threads';
import { createLogger } from '@flamelake/runtime';
import { startBackgroundRoles } from './background-roles.ts';
import { logOverPort } from './log-over-port.ts';
import { servePort } from './port-calls.ts';
import type { BackgroundData } from './start-background.ts';

const { options, log, logPort, controlPort } = workerData as BackgroundData;
const logger = createLogger({ level: options['log.level'], format: options['log.format'] });
const roles = startBackgroundRoles({ log: logOverPort(logPort, log), options, logger });

servePort(controlPort, {
  started: async () => ({ value: void (await roles) }),
  trouble: async () => ({ value: await (await roles).trouble() }),
  metrics: async () => ({ value: await (await roles).metrics() }),
  close: async () => {
    await (await roles).close();
    logPort.close();
    // The answer leaves first; then nothing keeps the thread alive.
    setImmediate(() => controlPort.close());
    return { value: undefined };
  },
});
