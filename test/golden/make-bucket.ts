/**
 * A small bucket that the services made in 33 hours of a fast clock: segments, folds, hours, days with totals, a delete that is carried out
 * and one that is not yet, a pin, a record that cannot be decoded, samples with spans, two tenants.
 */
import { type CatalogLimits, changeData, limitCatalog, openStore } from '@flamelake/catalog';
import { createCompactor } from '@flamelake/compactor';
import { createDistributor } from '@flamelake/distributor';
import { decodePprof, encodePprof, type Pprof, stringAt } from '@flamelake/formats';
import type { ObjectStore } from '@flamelake/model';
import { createMemoryStore } from '@flamelake/object-store';
import { createMemoryLog } from '@flamelake/profile-log';
import { createLogger, createMetrics } from '@flamelake/runtime';
import { createSegmentWriter } from '@flamelake/segment-writer';
import { createSeededRandom, type SeededRandom, stringColumn } from '@flamelake/testkit';
import { createFastClock } from '../bench/week/fast-clock.ts';
import { smallPprof } from '../e2e/small-profile.ts';
import { GOLDEN_END_MS, GOLDEN_START_MS } from './ask-bucket.ts';

export interface StoredObject {
  readonly key: string;
  readonly bytes: Uint8Array;
}

const PUSH_EVERY_MS = 900_000;
const HOUR_MS = 3_600_000;
const FRAMES = ['main', 'serve', 'handle', 'query', 'encode', 'sort', 'parse', 'render'];
const SERVICES = [
  { tenant: 'acme', service: 'cart' },
  { tenant: 'acme', service: 'pay' },
  { tenant: 'bolt', service: 'cart' },
];

/**
 * @param limits - when the catalog writes index pages
 * @returns all objects of the bucket, by key
 */
export async function makeBucket(limits: Partial<CatalogLimits>): Promise<readonly StoredObject[]> {
  const clock = createFastClock(GOLDEN_START_MS);
  const random = createSeededRandom('golden bucket');
  const store = createMemoryStore({ clock });
  limitCatalog(store, limits);
  const log = createMemoryLog({ clock, random, partitionCount: 1 });
  const ports = { store, clock, random, logger: createLogger({ level: 'silent' }), metrics: createMetrics() };
  const distributor = createDistributor({ ...ports, log, sealCommit: () => '' });
  const ending = new AbortController();

  async function push(number: number): Promise<void> {
    const { tenant, service } = SERVICES[number % SERVICES.length];
    const labels = Object.entries({ __name__: 'test', service_name: service, pod: `${service}-${number % 2}` });
    const rawProfile = goldenPprof(random, clock.nowMs());
    const series = { labels: labels.map(([name, value]) => ({ name, value })), samples: [{ rawProfile, id: '' }] };
    await distributor.push(tenant, [series]);
  }
  const change = (kind: 'delete' | 'pin', selector: string, fromMs: number, untilMs: number) =>
    changeData(
      { store, random, clock },
      {
        id: Buffer.from(random.bytes(16)).toString('hex'),
        kind,
        tenant: 'acme',
        selector,
        fromMs,
        untilMs,
        by: 'golden',
      },
    );

  async function run(): Promise<void> {
    await openStore(store, random);
    const writer = createSegmentWriter({ ...ports, log });
    const compactor = createCompactor(ports);
    const roles = [writer.run(ending.signal), compactor.run(ending.signal)];
    for (let number = 0; clock.nowMs() < GOLDEN_END_MS - HOUR_MS / 2; number++) {
      await clock.sleep(PUSH_EVERY_MS);
      await push(number);
      if (number === 8) await log.append(0, Buffer.from('no record'));
      if (number === 20) await change('delete', '{pod="pay-1"}', GOLDEN_START_MS, clock.nowMs());
      if (number === 40) await change('pin', '{service_name="cart"}', GOLDEN_START_MS, GOLDEN_START_MS + HOUR_MS);
    }
    // A fold meets the end of the chain; what follows stays segments, and the delete is not carried out any more.
    await clock.sleep(60_000);
    ending.abort();
    await Promise.all(roles);
    const last = new AbortController();
    const again = createSegmentWriter({ ...ports, metrics: createMetrics(), log });
    const running = again.run(last.signal);
    for (let number = 0; number < 4; number++) {
      await push(number);
      await clock.sleep(5_000);
    }
    last.abort();
    await running;
    await change('delete', '{service_name="pay"}', GOLDEN_END_MS - 6 * HOUR_MS, GOLDEN_END_MS - 3 * HOUR_MS);
  }
  await clock.runUntil(run());
  return readAll(store);
}

/** A few stacks; half of the profiles have samples of a span. */
function goldenPprof(random: SeededRandom, timeMs: number): Uint8Array {
  const stacks = Array.from({ length: 2 + random.integer(5) }, () => ({
    frames: Array.from({ length: 1 + random.integer(5) }, () => random.pick(FRAMES)),
    value: BigInt(1 + random.integer(1_000)),
  }));
  const pprof = decodePprof(smallPprof({ stacks, timeMs }));
  return encodePprof(random.chance(0.5) ? pprof : withSpans(pprof, random));
}

function withSpans(pprof: Pprof, random: SeededRandom): Pprof {
  const { strings } = pprof.symbols;
  const texts = Array.from({ length: strings.count }, (_, i) => stringAt(strings, i));
  const key = texts.push('span_id') - 1;
  const spans = [1, 2, 3].map((span) => texts.push(`${span}`.padStart(16, '0')) - 1);
  const { sampleCount } = pprof;
  const samples = Array.from({ length: sampleCount }, (_, sample) => sample);
  return {
    ...pprof,
    symbols: { ...pprof.symbols, strings: stringColumn(texts) },
    labels: {
      start: Uint32Array.from({ length: sampleCount + 1 }, (_, sample) => sample),
      key: Uint32Array.from(samples, () => key),
      text: Uint32Array.from(samples, () => random.pick(spans)),
      number: new BigInt64Array(sampleCount),
      numberUnit: new Uint32Array(sampleCount),
    },
  };
}

async function readAll(store: ObjectStore): Promise<readonly StoredObject[]> {
  const objects: StoredObject[] = [];
  for (let startAfter = ''; ; startAfter = objects.at(-1)?.key ?? '') {
    const page = await store.list('', { startAfter });
    if (page.length === 0) return objects;
    for (const { key } of page) objects.push({ key, bytes: (await store.get(key))?.bytes ?? new Uint8Array() });
  }
}
