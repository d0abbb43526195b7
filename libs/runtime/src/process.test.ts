import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemClock } from './clock.ts';
import { createLogger } from './logger.ts';
import { onShutdown } from './process.ts';

const PROGRAM = fileURLToPath(new URL('./shutdown-process.test-support.ts', import.meta.url));

for (const [how, code, output] of [
  ['stops', 0, 'ready\nstopping on SIGTERM\n'],
  ['throws', 1, 'ready\nstopping on SIGTERM\n'],
  ['hangs', 1, 'ready\nstopping on SIGTERM\n'],
  ['breaks', 1, 'ready\n'],
] as const) {
  test(`a process that ${how} ends with ${code}`, async () => {
    const child = spawn(process.execPath, [PROGRAM, how], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exit = once(child, 'exit');
    let said = '';
    for await (const chunk of child.stdout) {
      said += String(chunk);
      if (said === 'ready\n' && how !== 'breaks') child.kill('SIGTERM');
    }
    assert.deepEqual(await exit, [code, null]);
    assert.equal(said, output);
  });
}

test('a second signal ends the process at once', (t) => {
  const codes: number[] = [];
  const options = { logger: createLogger({ level: 'silent' }), clock: systemClock, timeoutMs: 1_000 };
  const undo = onShutdown(() => new Promise<void>(() => {}), {
    ...options,
    clock: { ...systemClock, sleep: () => new Promise<void>(() => {}) },
    end: (code) => void codes.push(code),
  });
  t.after(undo);
  process.emit('SIGINT');
  assert.deepEqual(codes, []);
  process.emit('SIGTERM');
  assert.deepEqual(codes, [130]);
});
