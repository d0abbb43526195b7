/** What a task is in memory, and what it becomes when it begins: never too little. */
import type { Task } from './task.ts';

const TASK_BYTES = 16_384;
/** Of an object with its key and id. */
const PART_BYTES = 1_536;
/** Of a dataset with the question it is asked. */
const DATASET_BYTES = 1_024;
/** Of a delete with its compiled selector; the selector's text beside it. */
const DELETE_BYTES = 1_024;
const CHARACTER_BYTES = 2;

/** Bytes that a task holds, the rules made of it included. */
export function taskBytes({ parts }: Task): number {
  let bytes = TASK_BYTES;
  for (const { datasets, deletes } of parts) {
    bytes += PART_BYTES + datasets.length * DATASET_BYTES + deletes.length * DELETE_BYTES;
    for (const { selector } of deletes) bytes += selector.length * CHARACTER_BYTES;
  }
  return bytes;
}
