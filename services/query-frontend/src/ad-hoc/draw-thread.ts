/** Entry of a thread that draws uploaded files: one task, one answer. */
import { parentPort, workerData } from 'node:worker_threads';
import { FlamelakeError } from '@flamelake/model';
import type { DrawAnswer } from './draw-aside.ts';
import { type DrawTask, drawFiles } from './draw-files.ts';

const answer: DrawAnswer = await drawFiles(workerData as DrawTask).then(
  (drawn) => ({ drawn }),
  (cause: unknown) => {
    const { code, message, details } =
      cause instanceof FlamelakeError ? cause : new FlamelakeError('internal', String(cause));
    return { error: { code, message, details } };
  },
);
parentPort?.postMessage(answer, []);
