/**
 * Clients of the simulated services: they push encoded profiles, ask for all of them, delete and pin. Each profile has a label value of its
 * own, so that an answer tells how often it counts.
 */
import type { Distributor } from '@flamelake/distributor';
import { FlamelakeError } from '@flamelake/model';
import type { SimulatedProcess, Simulation } from '@flamelake/testkit';
import { SMALL_TYPE, smallPprof } from '../e2e/small-profile.ts';
import { createDataTruth, type DataRange, type Moment } from './data-truth.ts';
import { type Reader, type ServicesOptions, TENANT } from './services-processes.ts';
import { Violation } from './violation.ts';

/** Of both partitions. */
const SERVICES = ['cart', 'pay', 'shop'];
const HOUR_MS = 3_600_000;

/** A profile as its client knows it. */
export interface Sent {
  readonly pod: string;
  readonly service: string;
  readonly value: bigint;
  /** The profile's own time, ms since 1970. */
  readonly timeMs: number;
  readonly bytes: Uint8Array;
  /** Of the last acknowledgement. */
  commit: string | undefined;
}

/** What an answer was held against. */
export interface Answer {
  /** Value by pod. */
  readonly found: ReadonlyMap<string, bigint>;
  /** Acknowledged before the answer came, not in it, and neither deleted nor expired. */
  readonly missing: readonly Sent[];
}

/** A question that ends so is asked again. */
const NO_ANSWER: ReadonlySet<string> = new Set(['unavailable', 'deadline_exceeded']);

export function createServicesClients(
  simulation: Simulation,
  { factor = 1n, retentionMs, sizeLimitBytes }: ServicesOptions,
  count: (what: string) => void,
) {
  const startMs = simulation.nowMs();
  const sent: Sent[] = [];
  const truth = createDataTruth(sent, { retentionMs, isSized: sizeLimitBytes !== undefined });

  function newProfile(nowMs: number): Sent {
    const number = sent.length;
    const value = factor * BigInt(number + 1);
    const stacks = [{ frames: ['main'], value }];
    const profile: Sent = {
      pod: `p${number}`,
      service: SERVICES[number % SERVICES.length] ?? '',
      value,
      timeMs: nowMs,
      bytes: smallPprof({ stacks, timeMs: nowMs }),
      commit: undefined,
    };
    sent.push(profile);
    return profile;
  }

  /** Sends a profile until it is acknowledged. */
  async function push(process: SimulatedProcess, profile: Sent, distributor: () => Distributor): Promise<void> {
    const { pod, service, bytes } = profile;
    const labels = Object.entries({ __name__: 'test', service_name: service, pod }).map(([name, value]) => ({
      name,
      value,
    }));
    for (let isAcknowledged = false; !isAcknowledged; ) {
      const attempt = distributor()
        .push(TENANT, [{ labels, samples: [{ rawProfile: bytes, id: '' }] }])
        .then(({ commitToken }) => {
          profile.commit = commitToken;
          isAcknowledged = true;
        });
      await Promise.race([attempt.catch(() => undefined), process.clock.sleep(1_000)]);
      if (!isAcknowledged) {
        count('sent again');
        await process.clock.sleep(100);
      }
    }
    count('acknowledged');
  }

  /** Asks for everything and holds the answer against what was sent. @returns undefined when there is no answer now */
  async function look(reader: Reader, commitToken?: string): Promise<Answer | undefined> {
    const asked: Moment = { ms: simulation.nowMs(), by: reader };
    const query = {
      // The same for all, so that what is kept of one answer serves the next.
      startMs: startMs - HOUR_MS,
      endMs: startMs + 11 * HOUR_MS,
      profileTypeId: SMALL_TYPE,
      labelSelector: '{}',
    };
    const call = () => ({ tenant: TENANT, signal: new AbortController().signal, commitToken });
    const series = {
      groupBy: ['pod'],
      stepSeconds: 12 * 3_600,
      aggregation: 'sum',
      limit: 0,
      hasExemplars: false,
    } as const;
    const found = new Map<string, bigint>();
    try {
      for (const { labels, values } of await reader.queries.selectSeries(call(), { ...query, ...series })) {
        const pod = labels.find(({ name }) => name === 'pod')?.value ?? '';
        const total = Array.from(values, BigInt).reduce((sum, value) => sum + value, 0n);
        found.set(pod, (found.get(pod) ?? 0n) + total);
      }
    } catch (error) {
      // Frozen longer than query.timeout, it has no answer either.
      if (error instanceof FlamelakeError && NO_ANSWER.has(error.code)) return undefined;
      throw error;
    }
    const answered: Moment = { ms: simulation.nowMs(), by: reader };
    for (const [pod, total] of found) {
      const profile = sent[Number(pod.slice(1))];
      if (profile?.value !== total) throw new Violation('COUNT', `${pod} counts ${total}, not ${profile?.value}`);
    }
    truth.judge(new Set(found.keys()), asked, answered);
    count('answers');
    const missing = sent.filter(
      (one) => one.commit !== undefined && !found.has(one.pod) && !truth.mayLack(one, asked, answered.ms),
    );
    return { found, missing };
  }

  /** Asks for a delete or a pin until it is acknowledged. @param known - whose commit token goes with a delete */
  async function change(
    process: SimulatedProcess,
    kind: 'delete' | 'pin',
    range: DataRange,
    reader: () => Reader,
    known?: Sent,
  ): Promise<void> {
    const { service, pod, fromMs: startMs, untilMs: endMs } = range;
    const matchers = Object.entries({ service_name: service, pod }).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}="${value}"`],
    );
    const selector = `{${matchers.join()}}`;
    const message = { selector, startMs, endMs, ...(known?.commit !== undefined && { commit: known.commit }) };
    const acknowledge = kind === 'delete' ? truth.beginDelete(range, known) : truth.beginPin(range);
    for (;;) {
      const by = reader();
      try {
        await by.change(kind, message);
        count(`${kind} acknowledged`);
        const profiles = acknowledge({ ms: simulation.nowMs(), by });
        if (profiles > 0) count(`${kind} of profiles`);
        return;
      } catch (error) {
        if (!(error instanceof FlamelakeError && NO_ANSWER.has(error.code))) throw error;
      }
      count(`${kind} sent again`);
      await process.clock.sleep(500);
    }
  }

  return { sent, truth, newProfile, push, look, change };
}
