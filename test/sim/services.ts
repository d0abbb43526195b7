/**
 * All services at once: clients that push, ask, delete and pin, faults of Kafka, S3 and Redis, freezes, crashes; afterwards everything
 * acknowledged counts once, but for what is deleted or expired, by time or by size.
 */
import type { Distributor } from '@flamelake/distributor';
import {
  type CacheFaults,
  createSeededRandom,
  NO_CACHE_FAULTS,
  NO_LOG_FAULTS,
  NO_STORE_FAULTS,
} from '@flamelake/testkit';
import type { DataRange } from './data-truth.ts';
import type { Sent } from './services-clients.ts';
import { chooseDataWeather } from './services-weather.ts';
import { createServicesWorld } from './services-world.ts';
import { Violation } from './violation.ts';

const CLIENTS = 2;
const PROFILES = 6;

/** Runs one seed. @returns what happened, counted */
export async function runServices(
  seed: number,
  redisFaults: Partial<CacheFaults> = {},
): Promise<ReadonlyMap<string, number>> {
  const weather = createSeededRandom(`services ${seed}/weather`);
  const fault = () => weather.pick([0, 0.02, 0.08]);
  const data = chooseDataWeather(seed);
  const world = createServicesWorld(`services ${seed}`, {
    ...data.options,
    freezeChance: weather.pick([0, 0.002, 0.01]),
    freezeMsMax: weather.pick([5_000, 60_000]),
    slowMsMax: weather.pick([0, 0, 2_000]),
  });
  const { simulation, store, log, redis } = world;
  const storeFault = () => Math.min(fault(), data.storeFaultMax);
  store.faults = { refused: storeFault(), answerLost: storeFault(), late: storeFault(), lateMsMax: 60_000 };
  log.faults = { refused: fault(), answerLost: fault() };
  redis.faults = {
    forgotten: fault(),
    damaged: fault(),
    moved: 3 * fault(),
    slowMsMax: weather.pick([0, 500]),
    ...redisFaults,
  };
  const crashChance = weather.pick([0, 0.1, 0.3]);
  const keepMs = weather.pick([20_000, 600_000]);

  let distributors = [world.startDistributor(), world.startDistributor()];
  const writers = [world.startWriter(), world.startWriter([])];
  const compactors = [0, 1].map((number) => world.startCompactor(number, keepMs));
  const readers = [world.startReader(), world.startReader()];
  const random = simulation.random.fork('clients');
  const distributor = (): Distributor => random.pick(distributors).distributor;

  const disturb = () => {
    if (!random.chance(crashChance)) return;
    world.count('crashes');
    const slot = random.integer(2);
    switch (random.integer(3)) {
      case 0:
        distributors[slot]?.process.crash();
        distributors = distributors.with(slot, world.startDistributor());
        break;
      case 1:
        writers[slot]?.process.crash();
        // Nobody misses the owner for long: its partitions are adopted.
        if (slot === 1) writers[slot] = world.startWriter([]);
        else if (random.chance(0.5)) writers[slot] = world.startWriter();
        break;
      default:
        compactors[slot]?.process.crash();
        compactors[slot] = world.startCompactor(slot, keepMs);
    }
  };
  const reader = () => random.pick(readers);
  /** One's own profile, by its token, or all of a service between two profiles. */
  const someRange = (profile: Sent, nowMs: number): DataRange => {
    const own = { pod: profile.pod, fromMs: 0, untilMs: profile.timeMs + 1 };
    if (random.chance(0.4)) return own;
    const [a, b] = [profile.timeMs, random.pick(world.sent).timeMs];
    const fromMs = Math.min(a, b);
    const untilMs = Math.min(Math.max(fromMs + 1, Math.max(a, b) + random.integer(2)), nowMs);
    // Between two profiles of this very moment there is no time.
    return fromMs < untilMs ? { service: profile.service, fromMs, untilMs } : own;
  };
  const clients = Array.from({ length: CLIENTS }, () =>
    world.act('client', async (process) => {
      const mine: Sent[] = [];
      for (let i = 0; i < PROFILES; i++) {
        await process.clock.sleep(random.integer(8_000));
        const isResend = mine.length > 0 && random.chance(0.25);
        const profile = isResend ? random.pick(mine) : world.newProfile(process.clock.nowMs());
        if (isResend) world.count('resends');
        else mine.push(profile);
        await world.push(process, profile, distributor);
        const answer = await world.look(reader(), profile.commit);
        if (answer?.missing.includes(profile))
          throw new Violation('STALE', `${profile.pod} is acknowledged, and an answer to its token lacks it`);
        if (writers.some(({ writer }) => writer.health().some(({ isAdopted }) => isAdopted))) world.count('adopted');
        for (const [kind, chance] of [
          ['delete', data.deleteChance],
          ['pin', data.pinChance],
        ] as const) {
          if (random.chance(chance))
            await world.change(process, kind, someRange(profile, process.clock.nowMs()), reader, profile);
        }
        disturb();
      }
    }),
  );
  try {
    await world.reach('clients are done', () => clients.every((isDone) => isDone()));
    store.faults = NO_STORE_FAULTS;
    log.faults = NO_LOG_FAULTS;
    redis.faults = { ...NO_CACHE_FAULTS, moved: redis.faults.moved, damaged: redis.faults.damaged };
    simulation.calm();
    for (const one of readers) await world.settle(one);
    if (data.restMs > 0) {
      await simulation.run(undefined, { forMs: data.restMs });
      for (const one of readers) await world.settle(one);
    }
  } catch (cause) {
    const trace = simulation.trace().slice(-40).join('\n    ');
    throw new Error(`seed ${seed} (replay: make soak SEED=${seed} KIND=services)\n    ${trace}`, { cause });
  }
  if (world.truth.cutServices > 0) world.count('expired by size');
  if ([...store.objects.keys()].some((key) => key.includes('/pages/'))) world.count('index pages');
  world.counts.set('found in the cache', redis.found);
  world.counts.set('steps', simulation.steps);
  return world.counts;
}
