/** The long form of the load test. */
import { whyNoCluster } from '../e2e/cluster.ts';
import { runLoad } from './run-load.ts';

const PART_MS = 30_000;

/** @returns whether all was as it must be */
export async function soakLoad(seed: number, seconds: number): Promise<boolean> {
  const why = await whyNoCluster();
  if (why !== undefined) throw new Error(why);
  console.log(`seed ${seed}; again: make soak KIND=load SECONDS=${seconds} SEED=${seed}`);
  const startMs = performance.now();
  const onProgress = (words: string) => {
    console.log(`${((performance.now() - startMs) / 1_000).toFixed(1)} s: ${words}`);
  };
  const forMs = seconds * 1_000;
  const report = await runLoad({ seed, forMs, parts: Math.max(1, Math.round(forMs / PART_MS)), onProgress });
  console.log(report);
  for (const words of report.violations) console.error(words);
  return report.violations.length === 0;
}
