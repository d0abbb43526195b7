/** What a task is in memory, and what it becomes when it begins: never too little. */
import { SELECTOR_MATCHERS_MAX } from '@flamelake/model';
import type { Question, Task } from './task.ts';

const TASK_BYTES = 16_384;
/** Of an object with its key and id. */
const PART_BYTES = 1_536;
/** Of a dataset with the question it is asked. */
const DATASET_BYTES = 1_024;
/** Of a delete; its selector beside it. */
const DELETE_BYTES = 1_024;
/** Of an id or a name with its place in a list and in a set, its characters beside it. */
const TEXT_BYTES = 128;
const CHARACTER_BYTES = 2;
/** Of a compiled matcher; its texts are the selector's. */
const MATCHER_BYTES = 512;
/** Of a compiled regular expression, and of a character in it. */
const EXPRESSION_BYTES = 6_144;
const EXPRESSION_CHARACTER_BYTES = 128;

/** Bytes that a task holds, the rules made of it included. */
export function taskBytes({ question, selection, parts }: Task): number {
  const { tenants, selectors, choice } = selection;
  let bytes = TASK_BYTES + textsBytes(tenants) + textsBytes(namesIn(question));
  for (const selector of selectors) bytes += selectorBytes(selector);
  for (const ids of [choice?.profileIds, choice?.spanIds, choice?.traceIds]) bytes += textsBytes(ids ?? []);
  for (const { datasets, deletes } of parts) {
    bytes += PART_BYTES + datasets.length * DATASET_BYTES + deletes.length * DELETE_BYTES;
    for (const { selector } of deletes) bytes += selectorBytes(selector);
  }
  return bytes;
}

function namesIn(question: Question): readonly string[] {
  if (question.kind === 'labelSets') return question.names ?? [];
  return question.kind === 'timeSeries' || question.kind === 'cells' ? question.groupBy : [];
}

function textsBytes(texts: readonly string[]): number {
  return texts.reduce((sum, { length }) => sum + TEXT_BYTES + length * CHARACTER_BYTES, 0);
}

/** Matchers have commas between them, and a tilde before an expression; those in a value count as well. */
function selectorBytes(selector: string): number {
  const expressions = countOf('~', selector);
  const matchers = countOf(',', selector) + 1;
  const characterBytes = expressions === 0 ? CHARACTER_BYTES : EXPRESSION_CHARACTER_BYTES;
  return TEXT_BYTES + selector.length * characterBytes + matchers * MATCHER_BYTES + expressions * EXPRESSION_BYTES;
}

/** As many as a selector can have of what is said by the character, at most. */
function countOf(character: string, selector: string): number {
  let count = 0;
  for (let at = selector.indexOf(character); at >= 0; at = selector.indexOf(character, at + 1)) count++;
  return Math.min(count, SELECTOR_MATCHERS_MAX);
}
