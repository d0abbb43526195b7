/** Runs a black-box check of a running server against independent truth, where the scripts and the corpus are at hand. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const corpus = process.env.FLAMELAKE_CORPUS;
const accept = process.env.FLAMELAKE_ACCEPT;

/** Why they cannot run here. */
export const whyNoAcceptance =
  corpus === undefined || accept === undefined ? 'FLAMELAKE_CORPUS and FLAMELAKE_ACCEPT are not set' : undefined;

/** @throws {AssertionError} with the end of what the script said, when a check failed */
export async function runAcceptance(url: string, script: string, words: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [join(accept ?? '', script), '--url', url, '--corpus', corpus ?? '', ...words]);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'exit')) as [number];
  assert.equal(code, 0, output.slice(-6000));
  console.log(`${script} ${words.join(' ')}: ${output.trim().split('\n').at(-1)}`);
}
