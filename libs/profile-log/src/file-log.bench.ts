/**
 * Appends of 20 KB to a local log: one appender and 64 at once, against the naive form, a write and an fdatasync for
 * each record. Prints rates, latencies and their ratios; asserts the number of syncs.
 *
 *     node libs/profile-log/src/file-log.bench.ts [seconds each]
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { type FileSystem, nodeFileSystem, systemClock, systemRandom } from '@flamelake/runtime';
import { hookFileSystem } from '../../runtime/src/hooked-file-system.test-support.ts';
import { openFileLog } from './file-log.ts';

const RECORD_BYTES = 20_480;
const seconds = Number(process.argv[2] ?? 2);
const value = systemRandom.bytes(RECORD_BYTES);
const directory = mkdtempSync(`${tmpdir()}/flamelake-bench-`);

interface Result {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly appends: number;
}

async function measure(appenders: number, append: () => Promise<unknown>): Promise<Result> {
  const latencies: number[] = [];
  const startMs = systemClock.monotonicMs();
  const run = async () => {
    for (;;) {
      const fromMs = systemClock.monotonicMs();
      if (fromMs - startMs > seconds * 1_000) return;
      await append();
      latencies.push(systemClock.monotonicMs() - fromMs);
    }
  };
  await Promise.all(Array.from({ length: appenders }, run));
  const elapsed = (systemClock.monotonicMs() - startMs) / 1_000;
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0;
  return { perSecond: latencies.length / elapsed, p50Ms: at(0.5), p99Ms: at(0.99), appends: latencies.length };
}

/** One write and one fdatasync a record, one after the other. */
async function openNaive(fileSystem: FileSystem, path: string) {
  const file = await fileSystem.open(path, 'create');
  let position = 0;
  let last: Promise<void> = Promise.resolve();
  const appendOne = async () => {
    await file.write(value, position);
    position += value.length;
    await file.dataSync();
  };
  return {
    append: () => {
      last = last.then(appendOne);
      return last;
    },
    close: () => file.close(),
  };
}

function print(name: string, result: Result, syncs: number): void {
  const { perSecond, p50Ms, p99Ms, appends } = result;
  const cells = [`${perSecond.toFixed(0)}/s`, `p50 ${p50Ms.toFixed(2)} ms`, `p99 ${p99Ms.toFixed(2)} ms`];
  console.log(
    [name.padEnd(22), ...cells.map((cell) => cell.padStart(14)), `${(appends / syncs).toFixed(1)} a sync`].join(' '),
  );
}

try {
  for (const appenders of [1, 64]) {
    let syncs = 0;
    const fileSystem = hookFileSystem(nodeFileSystem, {
      after: ({ name }) => {
        if (name === 'file.dataSync') syncs++;
      },
    });
    const naive = await openNaive(fileSystem, `${directory}/naive-${appenders}`);
    const naiveResult = await measure(appenders, naive.append);
    await naive.close();
    print(`naive, ${appenders} at once`, naiveResult, syncs);
    syncs = 0;
    const log = await openFileLog({
      directory: `${directory}/log-${appenders}`,
      fileSystem,
      clock: systemClock,
      random: systemRandom,
      onFatal: (error) => assert.fail(String(error)),
    });
    syncs = 0;
    const result = await measure(appenders, () => log.append(0, value));
    print(`log, ${appenders} at once`, result, syncs);
    await log.close();
    console.log(`ratio, ${appenders} at once: ${(result.perSecond / naiveResult.perSecond).toFixed(2)} × the rate`);
    // Half of those waiting go with each group at the least; alone, each record has its own sync.
    assert.ok(result.appends / syncs >= appenders / 2);
  }
} finally {
  rmSync(directory, { recursive: true });
}
