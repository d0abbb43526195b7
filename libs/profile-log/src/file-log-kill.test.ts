import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { logPlace, readAll, text } from './file-log.test-support.ts';

const PROGRAM = fileURLToPath(new URL('./appending-process.test-support.ts', import.meta.url));

test('after kill -9 every append that had resolved is there, and offsets go on behind them', async (t) => {
  const place = logPlace();
  t.after(place.remove);
  const acknowledged = new Map<number, string>();
  for (let round = 0; round < 4; round++) {
    // Each round is killed at another number of acknowledged records: in the middle of what is then under way.
    await killAfter(place.directory, 150 + round * 37, acknowledged);
    const log = await place.open();
    const records = new Map((await readAll(log)).map((record) => [record.offset, text(record.value)]));
    for (const [offset, start] of acknowledged) {
      assert.ok(records.get(offset)?.startsWith(`${start} `), `round ${round}, offset ${offset}`);
    }
    const { end } = await log.bounds(0);
    assert.deepEqual(
      [...records.keys()],
      Array.from({ length: end }, (_, i) => i),
    );
    await log.close();
  }
});

async function killAfter(directory: string, count: number, acknowledged: Map<number, string>): Promise<void> {
  const child = spawn(process.execPath, [PROGRAM, directory, '8'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  let rest = '';
  let lines = 0;
  for await (const chunk of child.stdout) {
    rest += String(chunk);
    const parts = rest.split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) {
      const [offset, appender, number] = line.split(' ');
      acknowledged.set(Number(offset), `${appender} ${number}`);
      lines++;
    }
    if (lines >= count) child.kill('SIGKILL');
  }
  await exit;
  assert.ok(lines >= count, 'the process ended by itself');
}
