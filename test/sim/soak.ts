/**
 * Simulations for as long as one likes, and the replay of one seed.
 *
 *     make soak                       a minute of seeds nobody has seen
 *     make soak SECONDS=3600          an hour of them
 *     make soak SEED=42               seed 42 of the general simulation, exactly as it ran before
 *     make soak SEED=42 KIND=log      seed 42 of the local log over the file system that forgets
 *     make soak SEED=42 KIND=failed-sync the same, opened again after a failed sync without a power cut
 *     make soak SEED=42 KIND=embedded seed 42 of log, store, writer and compactor on that file system
 *     make soak KIND=kill SECONDS=600 ten minutes of kills, freezes and restarts of a cluster; SEED=42 for its plan of them
 *     make soak KIND=load SECONDS=600 ten minutes of 200 users who look at dashboards of a cluster, queriers killed and added
 *     make soak SEED=42 KIND=services seed 42 of all services on Kafka, S3 and Redis that fail
 *     make soak KIND=fuzz             a million damaged inputs for each decoder; DECODER=jfr for one, SEED=42 for one input
 *     make soak LOG='A|BA' FAULTS=1   two writers over that log at every interleaving
 *
 * Ends with code 1 at the first violation, and says how to replay it.
 */
import process, { env } from 'node:process';
import { soakFuzz } from '../fuzz/soak-fuzz.ts';
import { soakKill } from '../kill/soak-kill.ts';
import { soakLoad } from '../load/soak-load.ts';
import { runEmbedded } from './embedded-world.ts';
import { everyInterleaving } from './every-interleaving.ts';
import { runFileLog } from './file-log-world.ts';
import { runGeneral } from './general.ts';
import { runServices } from './services.ts';

const PROGRESS_MS = 5_000;
const KINDS: Readonly<Record<string, (seed: number) => Promise<unknown>>> = {
  general: runGeneral,
  log: (seed) => runFileLog(seed),
  'failed-sync': (seed) => runFileLog(seed, true),
  embedded: runEmbedded,
  services: runServices,
};

async function runSeed(kind: string, seed: number): Promise<boolean> {
  try {
    const counts = await KINDS[kind]?.(seed);
    if (env.SEED !== undefined) console.log(`seed ${seed} passes`, counts);
    return true;
  } catch (error) {
    console.error(error);
    console.error(`seed ${seed} fails; replay: make soak SEED=${seed}${kind === 'general' ? '' : ` KIND=${kind}`}`);
    return false;
  }
}

/** Seeds from where the clock is, so that no two soaks run the same ones. */
async function runFor(seconds: number): Promise<boolean> {
  const first = Date.now() % 1_000_000_000;
  const started = performance.now();
  let toldMs = started;
  for (let seed = first; ; seed++) {
    for (const kind of ['general', 'log', 'embedded', 'services']) if (!(await runSeed(kind, seed))) return false;
    const nowMs = performance.now();
    const isOver = nowMs - started >= seconds * 1_000;
    if (isOver || nowMs - toldMs >= PROGRESS_MS) {
      console.log(
        `${seed - first + 1} seeds from ${first} on, ${Math.round((nowMs - started) / 1_000)} s: no violation`,
      );
      toldMs = nowMs;
    }
    if (isOver) return true;
  }
}

async function soak(): Promise<boolean> {
  const { SEED, KIND = 'general', LOG, FAULTS = '0', SECONDS = '60', DECODER, COUNT } = env;
  if (LOG !== undefined) {
    console.log(await everyInterleaving({ log: LOG, faults: Number(FAULTS), runsMax: Number.POSITIVE_INFINITY }));
    return true;
  }
  if (KIND === 'fuzz') return soakFuzz(optional(SEED), DECODER, optional(COUNT));
  const seed = Number(SEED ?? Date.now() % 1_000_000_000);
  if (KIND === 'kill') return soakKill(seed, Number(SECONDS));
  if (KIND === 'load') return soakLoad(seed, Number(SECONDS));
  if (SEED !== undefined) return runSeed(KIND, Number(SEED));
  return runFor(Number(SECONDS));
}

const optional = (text: string | undefined) => (text === undefined ? undefined : Number(text));

if (!(await soak())) process.exitCode = 1;
