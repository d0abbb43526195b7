import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { MUTANTS } from './mutants.ts';
import type { Verdict } from './run-mutant.ts';
import { SCENARIOS } from './scenarios/index.ts';

const run = promisify(execFile);

for (const [number, mutant] of MUTANTS.entries()) {
  test(`mutant: ${mutant.name}`, async () => {
    const { stdout } = await run(process.execPath, [`${import.meta.dirname}/run-mutant.ts`, String(number)]);
    const verdict: Verdict = JSON.parse(stdout);
    assert.equal(verdict.found, 1, `the rule is not where the mutant looks for it: ${mutant.file}`);
    assert.equal(verdict.property, mutant.property, `${mutant.scenario} finds ${verdict.message || 'nothing'}`);
  });
}

test('every simulation that catches a mutant passes on the code as it is', async () => {
  for (const name of new Set(MUTANTS.map((mutant) => mutant.scenario))) await SCENARIOS[name]?.();
});
