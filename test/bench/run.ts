/**
 * Runs the benchmarks, each in its own process and one after another, and prints their bars. Ends with 1 when a bar is missed.
 *
 *     node test/bench/run.ts [part of a path ...]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Bar, barTable, isMet, parseBar } from './bars.ts';
import { absentFiles } from './sets.ts';

const PATTERNS = ['libs/*/src/*.bench.ts', 'services/*/src/*.bench.ts', 'test/bench/*.bench.ts'];
const wanted = process.argv.slice(2);
const files = PATTERNS.flatMap((pattern) => globSync(pattern).sort()).filter(
  (file) => wanted.length === 0 || wanted.some((part) => file.includes(part)),
);

/** @returns its bars, and whether it ran to its end */
async function runBench(file: string): Promise<{ bars: Bar[]; isDone: boolean }> {
  console.log(`\n${file}`);
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const bars: Bar[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const bar = parseBar(line);
    if (bar === undefined) console.log(`  ${line}`);
    else bars.push(bar);
  }
  const [code] = (await exited) as [number | null];
  return { bars, isDone: code === 0 };
}

const absent = absentFiles();
if (absent > 0)
  console.log(`${absent} files of the sets are left out: they are only in the whole corpus, FLAMELAKE_CORPUS`);
const bars: Bar[] = [];
const broken: string[] = [];
for (const file of files) {
  const outcome = await runBench(file);
  bars.push(...outcome.bars);
  if (!outcome.isDone) broken.push(file);
}
console.log(`\n${barTable(bars)}`);
for (const file of broken) console.log(`${file} did not end well`);
const missed = bars.filter((bar) => !isMet(bar)).length;
console.log(`${bars.length - missed} bars kept, ${missed} missed, ${broken.length} benchmarks broken`);
process.exitCode = missed + broken.length > 0 || files.length === 0 ? 1 : 0;
