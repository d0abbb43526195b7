/** Draws uploaded files where that holds nobody up: small ones here, others on a thread that ends with its task, one at a time. */
import { Worker } from 'node:worker_threads';
import { inflate } from '@flamelake/formats';
import { type ErrorCode, type ErrorDetails, FlamelakeError } from '@flamelake/model';
import { type DrawnFiles, type DrawTask, drawFiles, type UploadedFile } from './draw-files.ts';

/** What the thread says. */
export type DrawAnswer =
  | { readonly drawn: DrawnFiles }
  | { readonly error: { readonly code: ErrorCode; readonly message: string; readonly details: ErrorDetails } };

export type DrawFiles = (task: DrawTask, signal: AbortSignal) => Promise<DrawnFiles>;

/** Uncompressed bytes of a file that is drawn here: a few milliseconds of work. */
const SMALL_BYTES_MAX = 131_072;
const WAITING_MAX = 32;
/** What objects of one task may take of the heap; columns lie outside of it, and are bounded by the file. */
const HEAP_MIB_MAX = 1_024;

export function createDrawAside(): DrawFiles {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return async (task, signal) => {
    if (task.files.every(isSmall)) return drawFiles(task);
    if (waiting >= WAITING_MAX) {
      throw new FlamelakeError('resource_exhausted', 'too many uploaded files wait to be drawn; try again soon', {
        limit: WAITING_MAX,
      });
    }
    waiting++;
    const turn = last.then(() => runThread(task, signal));
    last = turn.catch(() => {});
    return turn.finally(() => waiting--);
  };
}

/** What a compressed file says of its size is not believed. */
function isSmall({ bytes }: UploadedFile): boolean {
  if (bytes.length > SMALL_BYTES_MAX) return false;
  try {
    return inflate(bytes, { bytesMax: SMALL_BYTES_MAX }).length <= SMALL_BYTES_MAX;
  } catch {
    // Too large, or damaged: told by who draws it.
    return false;
  }
}

async function runThread(task: DrawTask, signal: AbortSignal): Promise<DrawnFiles> {
  signal.throwIfAborted();
  const worker = new Worker(new URL('./draw-thread.ts', import.meta.url), {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB_MAX },
  });
  const end = (): void => void worker.terminate();
  signal.addEventListener('abort', end, { once: true });
  try {
    return await new Promise<DrawnFiles>((resolve, reject) => {
      worker.once('message', (answer: DrawAnswer) => {
        if ('drawn' in answer) resolve(answer.drawn);
        else reject(new FlamelakeError(answer.error.code, answer.error.message, answer.error.details));
      });
      worker.once('error', (cause) =>
        reject(new FlamelakeError('resource_exhausted', 'file takes too much memory to be drawn', {}, { cause })),
      );
      worker.once('exit', () => {
        const gone = new FlamelakeError('unavailable', 'thread that draws uploaded files has ended');
        reject(signal.aborted ? signal.reason : gone);
      });
    });
  } finally {
    signal.removeEventListener('abort', end);
    await worker.terminate();
  }
}
