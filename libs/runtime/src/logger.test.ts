import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlamelakeError } from '@flamelake/model';
import { createLogger, type LoggerOptions } from './logger.ts';

function capture(options: LoggerOptions) {
  const lines: string[] = [];
  return { lines, logger: createLogger({ ...options, write: (line) => void lines.push(line) }) };
}

test('a line is one JSON object with level, time, message and fields', () => {
  const { lines, logger } = capture({ level: 'debug' });
  logger.child({ role: 'querier' }).debug('task done', { bytes: 12n, blocks: [1, 2] });
  assert.match(lines[0] ?? '', /^[^\n]*\n$/);
  const { time, ...rest } = JSON.parse(lines[0] ?? '');
  assert.match(time, /^\d{4}-\d\d-\d\dT.*Z$/);
  assert.deepEqual(rest, { level: 'debug', role: 'querier', message: 'task done', bytes: '12', blocks: [1, 2] });
});

test('levels below the set one are not written', () => {
  const { lines, logger } = capture({ level: 'warn' });
  logger.info('quiet');
  logger.warn('loud');
  assert.equal(lines.length, 1);
  assert.deepEqual([logger.isEnabled('info'), logger.isEnabled('error')], [false, true]);
  assert.equal(capture({ level: 'silent' }).logger.isEnabled('error'), false);
});

test('a failure is logged at the level of its code, with details and causes', () => {
  const { lines, logger } = capture({ level: 'debug' });
  const cause = Object.assign(new Error('disk'), { code: 'EIO' });
  logger.failure('put failed', new FlamelakeError('unavailable', 'no answer', { tries: 3 }, { cause }));
  logger.failure('bad request', new FlamelakeError('invalid_argument', 'no such type'));
  logger.failure('bug', new TypeError('x is undefined'));
  const [put, request, bug] = lines.map((line) => JSON.parse(line));
  assert.deepEqual([put.level, request.level, bug.level], ['warn', 'info', 'error']);
  assert.deepEqual([put.error.code, put.error.details, put.error.cause.code], ['unavailable', { tries: 3 }, 'EIO']);
  assert.match(bug.error.stack, /logger\.test/);
  assert.match(put.error.stack, /logger\.test/);
  assert.equal('stack' in request.error, false, 'a refusal is no fault of ours');
});

test('an error that is its own cause ends', () => {
  const { lines, logger } = capture({});
  const error = new Error('round');
  error.cause = error;
  logger.error('odd', { error });
  assert.equal(JSON.parse(lines[0] ?? '').error.message, 'round');
});

test('text is one line of words, stacks below it, nothing that could forge a line', () => {
  const { lines, logger } = capture({ format: 'text' });
  logger.info('pushed', { tenant: 'a b', service: 'shop', note: 'x\nERROR forged', nested: { n: 1 } });
  assert.match(lines[0] ?? '', /^\S+ INFO {2}pushed tenant="a b" service=shop note="x\\nERROR forged" nested\.n=1\n$/);
  logger.error('failed', { error: new Error('why') });
  assert.match(lines[1] ?? '', / ERROR failed error\.name=Error error\.message=why\nError: why\n {4}at /);
});

test('a message that repeats is limited, and says how many of it were left out', () => {
  let nowMs = 0;
  const { lines, logger } = capture({ nowMs: () => nowMs });
  const [one, two] = [logger.child({ partition: 1 }), logger.child({ partition: 2 })];
  for (let i = 0; i < 100; i++) (i % 2 === 0 ? one : two).warn('store does not answer', { attempt: i });
  logger.warn('something else');
  assert.equal(lines.length, 21);
  nowMs += 10_000;
  one.warn('store does not answer', { attempt: 100 });
  one.warn('store does not answer', { attempt: 101 });
  const last = lines.slice(21).map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    last.map(({ attempt, suppressed }) => [attempt, suppressed]),
    [
      [100, 80],
      [101, undefined],
    ],
  );
});
