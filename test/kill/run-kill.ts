/**
 * The kill test: clients push, ask, delete and pin while everything is killed, frozen and restarted, by a plan that a seed gives. Each answer is judged as
 * it comes; at the end every acknowledged profile that is neither deleted nor expired is there once, by every query-frontend and by
 * `flamelake verify`.
 */
import { unsealSnapshotName } from '@flamelake/catalog';
import { createSeededRandom } from '@flamelake/testkit';
import { runVerify } from '../e2e/run-verify.ts';
import { type Asking, startAsking } from './asking.ts';
import { type Deleting, startDeleting } from './deleting.ts';
import { planFaults } from './fault-plan.ts';
import { measureFreshness, quantile } from './freshness.ts';
import { shownOutcomes } from './http.ts';
import { inflict } from './inflict.ts';
import { reaches } from './judge-answer.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { startPushing } from './pushing.ts';
import { BRIEF_TENANT, expireBefore, LASTING_TENANT, ROLES, startWorld, type World } from './world.ts';

export interface KillOptions {
  readonly seed: number;
  /** How long bursts of faults follow one another, a quiet phase after each; one at least. */
  readonly forMs: number;
  readonly burstMs: number;
  readonly quietMs: number;
  /** Mean time from one fault to the next. */
  readonly gapMs: number;
  readonly onProgress: (words: string) => void;
}

export interface KillReport {
  /** What must not be, in words; empty when all is well. */
  readonly violations: readonly string[];
  readonly pushed: number;
  readonly acknowledged: number;
  readonly refused: number;
  /** Profiles that acknowledged deletes are surely about. */
  readonly deleted: number;
  /** Profiles that acknowledged pins are surely about, and how many of them are there because of it. */
  readonly pinned: number;
  readonly pinnedPastExpiry: number;
  /** Requests, by what came of them. */
  readonly pushOutcomes: Readonly<Record<string, number>>;
  readonly queryOutcomes: Readonly<Record<string, number>>;
  readonly changeOutcomes: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  readonly s3: Readonly<Record<string, number>>;
  readonly freshnessMs: { readonly samples: number; readonly p50: number; readonly p99: number; readonly max: number };
  /** Most memory of any process of a role, MiB. */
  readonly rssMiB: Readonly<Record<string, number>>;
}

const PUSHES_PER_SECOND = 50;
const QUERIES_PER_SECOND = 5;
const CHANGES_PER_SECOND = 0.5;
const SERVICES = Array.from({ length: 16 }, (_, i) => `kill-${i}`);
/** Whose profiles soon expire: nothing of the others may be lost, however long it takes to show. */
const BRIEF = new Set(SERVICES.slice(12));
const VIOLATIONS_MAX = 50;
/** A machine may be slow; this only ends what would never end. */
const RECOVERY_MS_MAX = 180_000;
const PROGRESS_MS = 5_000;
const MIB = 1_048_576;

export async function runKill(options: KillOptions): Promise<KillReport> {
  const { seed, forMs, burstMs, quietMs, gapMs, onProgress } = options;
  const random = createSeededRandom(seed);
  const violations: string[] = [];
  const onViolation = (words: string) => {
    if (violations.length < VIOLATIONS_MAX) violations.push(words);
    onProgress(`VIOLATION ${words}`);
  };
  const world = await startWorld(random, { onEnd: onViolation, onTrouble: onProgress });
  onProgress('started');
  let ticking: NodeJS.Timeout | undefined;
  try {
    const tenantOf = (service: string) => (BRIEF.has(service) ? BRIEF_TENANT : LASTING_TENANT);
    const ledger = createLedger(SERVICES, {
      tenantOf,
      expireBefore: (service, atMs) => expireBefore(tenantOf(service), atMs),
    });
    const openName = (name: string) => unsealSnapshotName(world.keys, name);
    const pushing = startPushing({
      ledger,
      random: random.fork('pushes'),
      ratePerSecond: PUSHES_PER_SECOND,
      urls: () => world.urls('distributor'),
      onViolation,
    });
    const frontends = () => world.urls('query-frontend');
    const asking = startAsking({
      ledger,
      random: random.fork('questions'),
      ratePerSecond: QUERIES_PER_SECOND,
      urls: frontends,
      openName,
      onViolation,
    });
    const deleting = startDeleting({
      ledger,
      random: random.fork('deletes'),
      ratePerSecond: CHANGES_PER_SECOND,
      urls: frontends,
      openName,
      onViolation,
    });
    ticking = setInterval(() => {
      const { outcomes, undecided } = pushing;
      onProgress(
        `pushes ${shownOutcomes(outcomes)}, ${undecided} undecided; queries ${shownOutcomes(asking.outcomes)}`,
      );
    }, PROGRESS_MS);
    const faults = new Map<string, number>();
    const times: number[] = [];
    const startMs = performance.now();
    for (let i = 0; i === 0 || performance.now() < startMs + forMs; i++) {
      const plan = planFaults(random.fork(`burst ${i}`), burstMs, gapMs);
      await inflict(world, plan, ({ kind }) => {
        faults.set(kind, (faults.get(kind) ?? 0) + 1);
        onProgress(kind);
      });
      await recovered(world, ledger, asking);
      onProgress('quiet');
      times.push(...(await measureFreshness({ ledger, pushing, asking, urls: frontends, forMs: quietMs })));
    }
    await pushing.stop();
    await asking.stop();
    await deleting.stop();
    onProgress('reading everything back');
    await readBack(world, ledger, { asking, deleting, onViolation });
    const { entries } = ledger;
    return {
      violations,
      pushed: entries.length,
      acknowledged: entries.filter(({ acknowledgedMs }) => acknowledgedMs !== undefined).length,
      refused: entries.filter(({ isRefused }) => isRefused).length,
      deleted: entries.filter(({ deletedIn }) => deletedIn !== undefined).length,
      pinned: entries.filter(({ pinnedIn }) => pinnedIn !== undefined).length,
      pinnedPastExpiry: entries.filter(
        ({ service, pinnedIn, mayGo, timeMs }) =>
          pinnedIn !== undefined && !mayGo && timeMs < ledger.expireBefore(service, Date.now()),
      ).length,
      pushOutcomes: Object.fromEntries(pushing.outcomes),
      queryOutcomes: Object.fromEntries(asking.outcomes),
      changeOutcomes: Object.fromEntries(deleting.outcomes),
      faults: Object.fromEntries(faults),
      s3: world.s3Proxy.counts,
      freshnessMs: {
        samples: times.length,
        p50: Math.round(quantile(times, 0.5)),
        p99: Math.round(quantile(times, 0.99)),
        max: Math.round(Math.max(...times)),
      },
      rssMiB: Object.fromEntries(ROLES.map((name) => [name, rssMiB(world, name)])),
    };
  } finally {
    clearInterval(ticking);
    await world.stop();
  }
}

function rssMiB({ roles }: World, name: string): number {
  const peaks = roles.filter(({ role }) => role === name).map(({ rssBytesPeak }) => rssBytesPeak);
  return Math.round(Math.max(...peaks) / MIB);
}

/** Everything runs again and what was acknowledged is readable, through every query-frontend. */
async function recovered(world: World, ledger: Ledger, asking: Asking): Promise<void> {
  const deadlineMs = performance.now() + RECOVERY_MS_MAX;
  const isReadable = async (url: string, service: string) => {
    const question = { service, startMs: Date.now() - 1_000, endMs: Date.now(), withToken: true };
    while ((await asking.ask(url, question)) === undefined) {
      if (performance.now() > deadlineMs) throw new Error(`${service} is not readable again at ${url}`);
    }
  };
  const urls = world.urls('query-frontend');
  await Promise.all(urls.flatMap((url) => ledger.services.map((service) => isReadable(url, service))));
}

const WHOLE_MS = 4 * 3_600_000;

interface ReadingBack {
  readonly asking: Asking;
  readonly deleting: Deleting;
  readonly onViolation: (words: string) => void;
}

async function readBack(world: World, ledger: Ledger, { asking, deleting, onViolation }: ReadingBack): Promise<void> {
  const range = { startMs: Date.now() - WHOLE_MS, endMs: Date.now() + WHOLE_MS, withToken: true };
  for (const url of world.urls('query-frontend')) {
    await knowsChanges(url, ledger, { asking, deleting });
    for (const service of ledger.services) {
      for (const form of ['flamegraph', 'pprof'] as const) {
        const counted = await asking.ask(url, { ...range, service, form });
        if (counted === undefined) onViolation(`${service} cannot be read in the end as ${form}`);
        // By now all is decided, and the newest token is behind everything.
        const expireBeforeMs = ledger.expireBefore(service, Date.now());
        const missing = ledger
          .of(service)
          .filter(({ acknowledgedMs, mayGo }) => acknowledgedMs !== undefined && !mayGo)
          .filter(({ timeMs, pinnedIn }) => timeMs >= expireBeforeMs || pinnedIn !== undefined)
          .filter(({ id }) => counted?.has(id) === false);
        for (const { id } of missing) onViolation(`${service} ${id}: was acknowledged and is missing in the end`);
      }
    }
  }
  const [url] = world.urls('query-frontend');
  const { exitCode, output } = await runVerify([...world.flags, `--url=${url}`, `--tenant=${LASTING_TENANT}`]);
  if (exitCode !== 0) onViolation(`flamelake verify: ${output.slice(-2_000)}`);
}

/** From now on a query-frontend's answers have all acknowledged deletes and pins. */
async function knowsChanges(
  url: string,
  ledger: Ledger,
  { asking, deleting }: Pick<ReadingBack, 'asking' | 'deleting'>,
): Promise<void> {
  const deadlineMs = performance.now() + RECOVERY_MS_MAX;
  const [service] = ledger.services;
  const question = { service, startMs: Date.now() - 1_000, endMs: Date.now(), withToken: false };
  const knowsAll = () => deleting.acknowledged.every((change) => reaches(asking.snapshots.get(url) ?? [], change));
  do {
    if (performance.now() > deadlineMs) throw new Error(`${url} does not answer from a snapshot that has all changes`);
    await asking.ask(url, question);
  } while (!knowsAll());
}
