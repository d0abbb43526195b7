/** The long form of the kill test. */
import { whyNoCluster } from '../e2e/cluster.ts';
import { runKill } from './run-kill.ts';
import { RSS_MIB_MAX } from './world.ts';

const BURST_MS = 60_000;
const QUIET_MS = 20_000;
const GAP_MS = 1_500;
/** On a machine that has little else to do. */
const FRESHNESS_MS_MAX = 2_000;

/** @returns whether all was as it must be */
export async function soakKill(seed: number, seconds: number): Promise<boolean> {
  const why = await whyNoCluster();
  if (why !== undefined) throw new Error(why);
  console.log(`seed ${seed}; again: make soak KIND=kill SECONDS=${seconds} SEED=${seed}`);
  const startMs = performance.now();
  const onProgress = (words: string) => {
    console.log(`${((performance.now() - startMs) / 1_000).toFixed(1)} s: ${words}`);
  };
  const report = await runKill({
    seed,
    forMs: seconds * 1_000,
    burstMs: BURST_MS,
    quietMs: QUIET_MS,
    gapMs: GAP_MS,
    onProgress,
  });
  console.log(report);
  const isFresh = report.freshnessMs.p99 <= FRESHNESS_MS_MAX;
  if (!isFresh) console.error(`freshness: p99 is over ${FRESHNESS_MS_MAX} ms`);
  const tooLarge = Object.entries(report.rssMiB).filter(([, rssMiB]) => rssMiB > RSS_MIB_MAX);
  for (const [role, rssMiB] of tooLarge) console.error(`memory: a ${role} had ${rssMiB} MiB, over ${RSS_MIB_MAX}`);
  for (const words of report.violations) console.error(words);
  return report.violations.length === 0 && isFresh && tooLarge.length === 0;
}
