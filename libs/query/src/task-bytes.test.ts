import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Task } from './task.ts';
import { taskBytes } from './task-bytes.ts';
import { decodeTask, encodeTask } from './task-codec.ts';

const TASK: Task = {
  question: { kind: 'functions' },
  selection: { tenants: ['t'], fromMs: 0, untilMs: 1, selectors: ['{}'], profileTypeId: undefined },
  parts: [],
  estimatedBytes: 0,
};
/** Of a short text in a decoded task with its places in lists and sets, measured. */
const TEXT_BYTES_MIN = 120;
/** Of a compiled short regular expression, measured. */
const EXPRESSION_BYTES_MIN = 5_200;

const texts = (count: number, length: number) =>
  Array.from({ length: count }, (_, i) => i.toString(16).padStart(length, '0'));

test('all that grows with what callers send is counted, with more than the message has of it', () => {
  const { selection } = TASK;
  const ids = { profileIds: texts(10_000, 36), spanIds: texts(10_000, 16), traceIds: texts(10_000, 32) };
  const matchers = texts(1_000, 3).map((name) => `a${name}=""`);
  const long = `{a="${'x'.repeat(131_000)}"}`;
  const grid = { startMs: 0, endMs: 1, stepMs: 1 };
  const wide: Record<string, { task: Task; leastBytes: number }> = {
    ids: { task: { ...TASK, selection: { ...selection, choice: ids } }, leastBytes: 30_000 * TEXT_BYTES_MIN },
    selectors: {
      task: { ...TASK, selection: { ...selection, selectors: [`{${matchers.join()}}`, long] } },
      leastBytes: 1_000 * TEXT_BYTES_MIN + 2 * long.length,
    },
    expressions: {
      task: {
        ...TASK,
        selection: {
          ...selection,
          selectors: [
            `{${texts(1_000, 3)
              .map((name) => `a${name}=~"b.*c|d"`)
              .join()}}`,
          ],
        },
      },
      leastBytes: 1_000 * EXPRESSION_BYTES_MIN,
    },
    tenants: {
      task: { ...TASK, selection: { ...selection, tenants: texts(64, 150) } },
      leastBytes: 64 * TEXT_BYTES_MIN,
    },
    names: {
      task: { ...TASK, question: { kind: 'labelSets', names: texts(5_000, 20) } },
      leastBytes: 5_000 * TEXT_BYTES_MIN,
    },
    groups: {
      task: { ...TASK, question: { kind: 'timeSeries', grid, groupBy: texts(5_000, 20) } },
      leastBytes: 5_000 * TEXT_BYTES_MIN,
    },
  };
  for (const [name, { task, leastBytes }] of Object.entries(wide)) {
    const message = encodeTask(task);
    const countedBytes = taskBytes(decodeTask(message)) - taskBytes(TASK);
    assert.ok(countedBytes >= Math.max(leastBytes, message.length), `${name} ${countedBytes} ${message.length}`);
  }
});
