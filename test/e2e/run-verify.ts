/** `flamelake verify` as a process. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

const MAIN = new URL('../../services/flamelake/src/main.ts', import.meta.url).pathname;

export interface Verdict {
  readonly exitCode: number | null;
  readonly output: string;
  readonly differences: readonly string[];
}

export async function runVerify(
  flags: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Verdict> {
  const options = { stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'] };
  const env = { ...process.env, ...environment };
  const child = spawn(process.execPath, [MAIN, 'verify', ...flags], { ...options, env });
  const exited = once(child, 'exit');
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  await exited;
  const differences = output.split('\n').filter((line) => line.startsWith('DIFFERENCE'));
  assert.match(output, /^\d+ differences$/m, errors);
  return { exitCode: child.exitCode, output, differences };
}

export function assertAgrees({ exitCode, output }: Verdict): void {
  assert.match(output, /^0 differences$/m, output);
  assert.equal(exitCode, 0);
}
