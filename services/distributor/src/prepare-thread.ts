/** Entry of a thread that prepares large profiles. */
import { parentPort } from 'node:worker_threads';
import { FlamelakeError } from '@flamelake/model';
import { type PrepareTask, prepareRecords } from './prepare-records.ts';
import type { PrepareAnswer } from './prepare-threads.ts';

parentPort?.on('message', ({ number, task }: { readonly number: number; readonly task: PrepareTask }) => {
  const answer = answerTo(number, task);
  const buffers = answer.prepared?.records.map((record) => record.buffer as ArrayBuffer) ?? [];
  parentPort?.postMessage(answer, buffers);
});

function answerTo(number: number, task: PrepareTask): PrepareAnswer {
  try {
    return { number, prepared: prepareRecords(task) };
  } catch (error) {
    const known = error instanceof FlamelakeError ? error : new FlamelakeError('internal', String(error));
    const { code, message, details } = known;
    return { number, error: { code, message, details } };
  }
}
