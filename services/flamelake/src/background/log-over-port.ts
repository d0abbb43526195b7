/** The profile log of this process, read from another of its threads. Only the thread that owns it appends. */
import type { MessagePort } from 'node:worker_threads';
import { FlamelakeError, type LogBounds, type LogRecord, type ProfileLog } from '@flamelake/model';
import { type PortMethods, portCaller } from './port-calls.ts';

interface ReadArgument {
  readonly partition: number;
  readonly fromOffset: number;
  readonly bytesMax: number;
  readonly waitMs: number;
  /** Names the read, so that `cancelRead` can end its waiting. */
  readonly read: number;
}

/** What a thread must know of the log before its first call. */
export interface LogFacts {
  readonly id: string;
  readonly partitionCount: number;
  readonly recordBytesMax: number;
}

export function logFacts({ id, partitionCount, recordBytesMax }: ProfileLog): LogFacts {
  return { id, partitionCount, recordBytesMax };
}

/** Methods that serve a log to another thread. Records are copied: the log keeps its own. */
export function logMethods(log: ProfileLog): PortMethods {
  const reads = new Map<number, AbortController>();
  return {
    read: async ({ partition, fromOffset, bytesMax, waitMs, read }: ReadArgument) => {
      const controller = new AbortController();
      reads.set(read, controller);
      try {
        const records = await log.read(partition, fromOffset, { bytesMax, waitMs, signal: controller.signal });
        const value = records.map((record) => ({ ...record, value: record.value.slice() }));
        return { value, transfer: value.map((record) => record.value.buffer) };
      } finally {
        reads.delete(read);
      }
    },
    cancelRead: async (read: number) => ({ value: reads.get(read)?.abort() }),
    bounds: async (partition: number) => ({ value: await log.bounds(partition) }),
    trim: async ({ partition, beforeOffset }: { partition: number; beforeOffset: number }) => ({
      value: await log.trim(partition, beforeOffset),
    }),
  };
}

/** The log as the other thread sees it. */
export function logOverPort(port: MessagePort, facts: LogFacts): ProfileLog {
  const caller = portCaller(port);
  let nextRead = 0;
  return {
    ...facts,
    append: () => Promise.reject(new FlamelakeError('internal', 'only the thread that owns the profile log appends')),
    async read(partition, fromOffset, { bytesMax, waitMs, signal }): Promise<readonly LogRecord[]> {
      const read = nextRead++;
      const cancel = (): void => void caller.call('cancelRead', read).catch(() => {});
      signal?.addEventListener('abort', cancel, { once: true });
      if (signal?.aborted === true) cancel();
      try {
        return await caller.call<readonly LogRecord[]>('read', { partition, fromOffset, bytesMax, waitMs, read });
      } finally {
        signal?.removeEventListener('abort', cancel);
      }
    },
    bounds: (partition) => caller.call<LogBounds>('bounds', partition),
    trim: (partition, beforeOffset) => caller.call<void>('trim', { partition, beforeOffset }),
    close: () => Promise.resolve(),
  };
}
