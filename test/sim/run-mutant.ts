/**
 * Runs one named simulation in a process of its own, with or without a rule broken, and writes what it found as JSON.
 *
 *     node test/sim/run-mutant.ts <number of the mutant> [whole]
 *
 * `whole` runs the same simulation on the code as it is.
 */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { argv } from 'node:process';
import { pathToFileURL } from 'node:url';
import { MUTANTS } from './mutants.ts';
import { Violation } from './violation.ts';

/** What a run found. */
export interface Verdict {
  /** How often the snippet is in its file. */
  readonly found: number;
  /** `none`: nothing was broken. `error`: the simulation itself failed. */
  readonly property: string;
  readonly message: string;
}

const mutant = MUTANTS[Number(argv[2])];
if (mutant === undefined) throw new RangeError('no such mutant');
const source = new URL(`../../${mutant.file.includes('/') ? '' : 'libs/catalog/src/'}${mutant.file}`, import.meta.url);
const text = readFileSync(source, 'utf8');
const found = text.split(mutant.find).length - 1;

if (argv[3] !== 'whole') {
  registerHooks({
    load(url, context, nextLoad) {
      if (url !== source.href) return nextLoad(url, context);
      return {
        format: 'module-typescript',
        source: text.replace(mutant.find, () => mutant.replace),
        shortCircuit: true,
      };
    },
  });
}

async function verdict(): Promise<Verdict> {
  const { SCENARIOS } = await import(pathToFileURL(`${import.meta.dirname}/scenarios/index.ts`).href);
  try {
    await SCENARIOS[mutant?.scenario ?? '']();
    return { found, property: 'none', message: '' };
  } catch (error) {
    if (error instanceof Violation) return { found, property: error.property, message: error.message };
    return {
      found,
      property: 'error',
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
}

console.log(JSON.stringify(await verdict()));
