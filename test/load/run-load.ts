/**
 * 200 users look at dashboards of a real cluster that takes pushes, while queriers are killed and others added: nobody gets an error, and every
 * answer is judged by what was sent. How long answers take is reported, never judged.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSeededRandom } from '@flamelake/testkit';
import { startGround, taskPort } from '../e2e/cluster.ts';
import { metricValues, until } from '../e2e/observe.ts';
import { type ServerProcess, temporaryDirectory } from '../e2e/server-process.ts';
import { type Asker, createAsker } from '../kill/asking.ts';
import { quantile } from '../kill/freshness.ts';
import { createLedger, type Ledger } from '../kill/ledger.ts';
import { startPushing } from '../kill/pushing.ts';
import { startUsers } from './users.ts';

export interface LoadOptions {
  readonly seed: number;
  /** How long users look; in each part of it a querier is killed and one added. */
  readonly forMs: number;
  readonly parts: number;
  readonly onProgress: (words: string) => void;
}

export interface LoadReport {
  /** What must not be, in words; empty when all is well. */
  readonly violations: readonly string[];
  readonly acknowledged: number;
  readonly pushOutcomes: Readonly<Record<string, number>>;
  readonly queryOutcomes: Readonly<Record<string, number>>;
  /** Looks at dashboards of which it was known that something is there. */
  readonly demanding: number;
  readonly queriersKilled: number;
  readonly queriersAdded: number;
  readonly timesMs: Readonly<Record<string, Times>>;
}

export interface Times {
  readonly answers: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const USERS = 200;
const QUERIERS = 2;
const SERVICES = Array.from({ length: 40 }, (_, i) => `load-${i}`);
const PUSHES_PER_SECOND = 40;
/** Acknowledged before the users come. */
const HISTORY = 200;
/** Until the list of queriers no longer names one that was killed. */
const NOTICED_MS = 2_000;
/** A slow machine is no error: nobody gives up for being late. */
const TIMEOUT_MS = 300_000;
const PATIENCE = [`--query.timeout=${TIMEOUT_MS}ms`, `--query-frontend.task-timeout=${TIMEOUT_MS}ms`];
const VIOLATIONS_MAX = 50;
/** Profiles that are too old are refused. */
const PUSH_ERRORS = /^(200|400 profile is older than.*)$/;

export async function runLoad({ seed, forMs, parts, onProgress }: LoadOptions): Promise<LoadReport> {
  const random = createSeededRandom(seed);
  const violations: string[] = [];
  const onViolation = (words: string) => {
    if (violations.length < VIOLATIONS_MAX) violations.push(words);
    onProgress(`VIOLATION ${words}`);
  };
  const ground = await startGround();
  const running: ServerProcess[] = [];
  const start = async (target: string, flags: readonly string[] = []) => {
    const process = await ground.start(target, flags);
    running.push(process);
    return process;
  };
  try {
    const listFile = `${temporaryDirectory()}/queriers`;
    const list = (queriers: readonly ServerProcess[]) => {
      writeFileSync(`${listFile}.new`, queriers.map((one) => `127.0.0.1:${taskPort(one)}\n`).join(''));
      renameSync(`${listFile}.new`, listFile);
    };
    const startQuerier = () => start('querier', ground.sharedResults);
    // The first distributor makes the topic, for all; query-frontends are ready when they know a querier.
    const distributor = await start('distributor');
    const [queriers] = await Promise.all([
      Promise.all(Array.from({ length: QUERIERS }, startQuerier)),
      start('segment-writer'),
      start('compactor'),
    ]);
    list(queriers);
    const asked = [`--query-frontend.queriers=file:${listFile}`, '--query-frontend.lookup-interval=200ms', ...PATIENCE];
    const frontends = await Promise.all([start('query-frontend', asked), start('query-frontend', asked)]);
    const urls = frontends.map(({ url }) => url);
    onProgress('started');

    const beginMs = Date.now();
    const ledger = createLedger(SERVICES);
    const load = { ledger, onViolation, timeoutMs: TIMEOUT_MS };
    const asker = createAsker(load);
    const pushing = startPushing({
      ...load,
      random: random.fork('pushes'),
      ratePerSecond: PUSHES_PER_SECOND,
      urls: () => [distributor.url],
    });
    await until(async () => acknowledged(ledger) >= HISTORY);
    await seeAll(urls[0], ledger, createAsker(load), beginMs);
    const users = startUsers({ ...load, count: USERS, random: random.fork('users'), asker, urls, beginMs });
    onProgress(`${USERS} users`);
    for (let part = 0; part < parts; part++) {
      await sleep(forMs / parts / 3);
      await queriers.shift()?.kill();
      onProgress('a querier was killed');
      await sleep(NOTICED_MS);
      list(queriers);
      await sleep(Math.max(0, forMs / parts / 3 - NOTICED_MS));
      const added = await startQuerier();
      queriers.push(added);
      list(queriers);
      await until(async () => (await metricValues(added, 'querier_tasks_total')).some((count) => count > 0));
      onProgress('a querier was added, and works');
      await sleep(forMs / parts / 3);
    }
    await Promise.all([users.stop(), pushing.stop()]);
    const queryOutcomes = sumOf([asker.outcomes, users.outcomes]);
    for (const outcome of Object.keys(queryOutcomes)) if (outcome !== '200') onViolation(`a user got ${outcome}`);
    for (const outcome of pushing.outcomes.keys()) if (!PUSH_ERRORS.test(outcome)) onViolation(`a push got ${outcome}`);
    onProgress('reading everything back');
    await readBack(urls, ledger, asker, beginMs, onViolation);
    return {
      violations,
      acknowledged: acknowledged(ledger),
      pushOutcomes: Object.fromEntries(pushing.outcomes),
      queryOutcomes,
      demanding: users.demanding,
      queriersKilled: parts,
      queriersAdded: parts,
      timesMs: Object.fromEntries([...users.timesMs].map(([panel, times]) => [panel, summary(times)])),
    };
  } finally {
    await Promise.all(running.map((process) => process.kill()));
    await ground.stop();
  }
}

/** What was acknowledged by now must be in each answer from here on. */
async function seeAll(url: string, ledger: Ledger, asker: Asker, startMs: number): Promise<void> {
  const range = { startMs, endMs: Date.now(), withToken: true };
  await Promise.all(
    ledger.services.map((service) => until(async () => (await asker.ask(url, { ...range, service })) !== undefined)),
  );
}

/** Every acknowledged profile is there once, by every query-frontend. */
async function readBack(
  urls: readonly string[],
  ledger: Ledger,
  asker: Asker,
  startMs: number,
  onViolation: (words: string) => void,
): Promise<void> {
  const range = { startMs, endMs: Date.now() + 60_000, withToken: true };
  for (const service of ledger.services) {
    const sound = ledger.of(service).filter(({ acknowledgedMs }) => acknowledgedMs !== undefined).length;
    for (const url of urls) {
      const counted = await asker.ask(url, { ...range, service });
      if (counted?.size !== sound) onViolation(`${service} has ${counted?.size} profiles in the end, not ${sound}`);
    }
  }
}

const acknowledged = ({ entries }: Ledger) =>
  entries.filter(({ acknowledgedMs }) => acknowledgedMs !== undefined).length;

function sumOf(all: readonly ReadonlyMap<string, number>[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const [name, count] of all.flatMap((one) => [...one])) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}

function summary(times: readonly number[]): Times {
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => Math.round(quantile(times, share)));
  return { answers: times.length, p50, p99, max };
}
