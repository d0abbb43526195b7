/**
 * A querier as a process of its own, for tests of the fan-out: serves the directory named first on the host and port named next, tells its
 * parent of every task, and stalls, refuses or goes on when the parent says so.
 */
import { createFileStore } from '@flamelake/object-store';
import { createQuerier } from '@flamelake/querier';
import { startQuerierServer } from '@flamelake/querier/server';
import type { Task } from '@flamelake/query';
import { createLogger, createMetrics, nodeFileSystem, systemClock, systemRandom } from '@flamelake/runtime';
import type { QuerierCommand, QuerierReport } from './querier-child.ts';

const [directory, host, ...numbers] = process.argv.slice(2) as [string, string, ...string[]];
const [port, memoryBytesMax, waitingTasksMax] = numbers.map(Number) as [number, number, number];
const DRAIN_MS = 10_000;
let goOn = Promise.withResolvers<void>();
goOn.resolve();

const report = (message: QuerierReport) => process.send?.(message);
const store = await createFileStore({
  directory,
  fileSystem: nodeFileSystem,
  clock: systemClock,
  random: systemRandom,
});
const metrics = createMetrics();
const inner = createQuerier({ store, storeId: 'store', metrics, memoryBytesMax, waitingTasksMax });
const arrive = async (task: Task, signal: AbortSignal) => {
  report({ kind: 'task', blocks: task.parts.map((part) => part.object.id) });
  signal.addEventListener('abort', () => report({ kind: 'canceled' }), { once: true });
  const held = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => held.resolve(), { once: true });
  await Promise.race([goOn.promise, held.promise]);
};
const server = await startQuerierServer({
  querier: {
    async execute(task, signal) {
      await arrive(task, signal);
      return inner.execute(task, signal);
    },
    async answer(task, signal, sent) {
      await arrive(task, signal);
      return inner.answer(task, signal, sent);
    },
  },
  host,
  port,
  clock: systemClock,
  logger: createLogger({ level: 'silent' }),
  metrics,
});
const tellMemory = async () => {
  const [, held] = /^flamelake_querier_held_peak_bytes (\d+)$/m.exec(await metrics.text()) ?? [];
  report({ kind: 'memory', heldPeak: Number(held), residentPeak: process.resourceUsage().maxRSS * 1_024 });
};
const obey = async (command: QuerierCommand) => {
  if (command === 'tell memory') await tellMemory();
  else if (command === 'stall') goOn = Promise.withResolvers<void>();
  else goOn.resolve();
  report({ kind: 'done', command });
};
process.on('message', (command: QuerierCommand) => void obey(command));
process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => void server.close(DRAIN_MS).then(() => process.exit(0)));
report({ kind: 'ready', port: server.port });
