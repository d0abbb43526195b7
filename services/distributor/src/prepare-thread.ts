/** Entry of a thread that prepares large profiles. */
import { parentPort } from 'node:worker_threads';
import { FlamelakeError } from '@flamelake/model';
import { prepareOtlpRecords } from './otlp/prepare-otlp.ts';
import { prepareRecords } from './prepare-records.ts';
import type { PrepareAnswer, ThreadTask } from './prepare-threads.ts';

parentPort?.on('message', ({ number, ...asked }: ThreadTask & { readonly number: number }) => {
  const moved: ArrayBuffer[] = [];
  const answer = answerTo(number, asked, moved);
  parentPort?.postMessage(answer, moved);
});

/** @param moved - filled with the memory of log records, which goes with the answer */
function answerTo(number: number, asked: ThreadTask, moved: ArrayBuffer[]): PrepareAnswer {
  const move = (record: Uint8Array) => moved.push(record.buffer as ArrayBuffer);
  try {
    if (asked.kind === 'otlp') {
      const members = prepareOtlpRecords(asked.task, asked.task.recordBytesMax);
      for (const { parts } of members) for (const { stored } of parts) stored.forEach(move);
      return { number, prepared: members };
    }
    const prepared = prepareRecords(asked.task);
    for (const { records } of prepared.parts) records.forEach(move);
    return { number, prepared };
  } catch (error) {
    const known = error instanceof FlamelakeError ? error : new FlamelakeError('internal', String(error));
    const { code, message, details } = known;
    return { number, error: { code, message, details } };
  }
}
