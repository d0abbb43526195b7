/** Installing what the tests of this folder run, into `.cache/sdk`, kept between runs. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { promisify } from 'node:util';

const TRIES = 3;
/** Where installed SDKs and built programs are. */
export const SDK_CACHE = new URL('../../.cache/sdk/', import.meta.url).pathname;
/** This folder. */
export const SDK_SOURCES = new URL('.', import.meta.url).pathname;
export const runFile = promisify(execFile);

/** Runs an installation, up to three tries: registries time out. */
export async function install(step: () => Promise<unknown>): Promise<void> {
  mkdirSync(SDK_CACHE, { recursive: true });
  for (let tries = 1; ; tries++) {
    try {
      await step();
      return;
    } catch (error) {
      if (tries === TRIES) throw error;
    }
  }
}

/** For `test`'s option `skip`: false when the program is on the path, else the reason. */
export function skipUnlessOnPath(program: string): string | false {
  try {
    execFileSync('which', [program], { stdio: 'ignore' });
    return false;
  } catch {
    return `${program} is not installed`;
  }
}
