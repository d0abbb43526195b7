/**
 * Queriers as the chart scales them: what the rendered ScaledObject asks Prometheus is read from a real query-frontend and fed to the
 * autoscaler's formula, and queriers are started and stopped as it says, while clients ask at 1, 10 and again 1 times the load.
 *
 * A step stands for the 15 s between two looks of the autoscaler and takes as long as the machine needs: until every client had an answer.
 * Clients ask one question after another, so that how many tasks there are at a time is theirs to say, not the machine's.
 */
import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { renderChart } from '../deploy/render-chart.ts';
import { startS3Proxy } from '../kill/s3-proxy.ts';
import { installHelm } from '../real/components/helm.ts';
import { type Behavior, createAutoscaler, STEP_SECONDS } from './autoscaler.ts';
import { startGround, taskPort, whyNoCluster } from './cluster.ts';
import { type ServerProcess, temporaryDirectory } from './server-process.ts';
import { push, smallPprof, totalOf } from './small-profile.ts';

const skip = (await whyNoCluster()) ?? (await installHelm()).skip ?? false;
const NAME = 'release-flamelake';
const SERVICE = 'scaled';
const TOTAL = 42n;
const CLIENTS = 4;
const FACTOR = 10;
/** A read of a querier takes so long: tasks wait for the store, not for a core. */
const DELAY_MS = 300;
const STEP_MS_MIN = 300;

interface ScaledObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly minReplicaCount: number;
    readonly maxReplicaCount: number;
    readonly advanced: { readonly horizontalPodAutoscalerConfig: { readonly behavior: Behavior } };
    readonly triggers: readonly { readonly metadata: { readonly threshold: string; readonly query: string } }[];
  };
}

/** What the chart says of scaling queriers. */
async function readScaling() {
  const documents = parseAllDocuments(await renderChart('everything')).map((one) => one.toJS() as ScaledObject | null);
  const found = documents.find((one) => one?.kind === 'ScaledObject' && one.metadata.name === `${NAME}-querier`);
  assert.ok(found);
  const { minReplicaCount, maxReplicaCount, advanced, triggers } = found.spec;
  const [{ threshold, query }] = triggers.map(({ metadata }) => metadata);
  const [, metric, selector, minutes] = /^sum\(rate\((\w+)\{(.*)\}\[(\d+)m\]\)\)$/.exec(query) ?? [];
  assert.match(selector ?? '', new RegExp(`service="${NAME}-query-frontend"`));
  return {
    metric: metric ?? '',
    windowSteps: (Number(minutes) * 60) / STEP_SECONDS,
    autoscaler: createAutoscaler({
      threshold: Number(threshold),
      minReplicas: minReplicaCount,
      maxReplicas: maxReplicaCount,
      behavior: advanced.horizontalPodAutoscalerConfig.behavior,
    }),
    threshold: Number(threshold),
    minReplicas: minReplicaCount,
    /** Steps until it may take the first one away, and between two of them. */
    patience: advanced.horizontalPodAutoscalerConfig.behavior.scaleDown,
  };
}

/** Clients that ask one question after another; how many there are may change. */
function createLoad(url: string, commit: string) {
  const errors: unknown[] = [];
  const clients: { isOver: boolean; answers: number; readonly done: Promise<void> }[] = [];
  const start = () => {
    const client = { isOver: false, answers: 0, done: Promise.resolve() };
    const run = async () => {
      while (!client.isOver) {
        try {
          assert.equal(await totalOf(url, SERVICE, commit), TOTAL);
        } catch (error) {
          errors.push(error);
        }
        client.answers++;
      }
    };
    clients.push(Object.assign(client, { done: run() }));
  };
  return {
    errors,
    async set(count: number): Promise<void> {
      while (clients.length < count) start();
      const leaving = clients.splice(count);
      for (const client of leaving) client.isOver = true;
      await Promise.all(leaving.map(({ done }) => done));
    },
    /** Until every client had another answer. */
    async step(): Promise<void> {
      const before = clients.map(({ answers }) => answers);
      const begin = performance.now();
      while (clients.some(({ answers }, i) => answers === before[i]) || performance.now() - begin < STEP_MS_MIN) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  };
}

test('queriers follow the load, 1, 10 and 1 times, without an error and without flapping', {
  skip,
  timeout: 600_000,
}, async (t) => {
  const { metric, windowSteps, autoscaler, threshold, minReplicas, patience } = await readScaling();
  const ground = await startGround();
  const proxy = await startS3Proxy({ fraction: () => 0.5 });
  const queriers: ServerProcess[] = [];
  const others: ServerProcess[] = [];
  let load: ReturnType<typeof createLoad> | undefined;
  try {
    proxy.aim(ground.s3.port);
    const [distributor] = [await ground.start('distributor')];
    others.push(distributor, await ground.start('segment-writer'));
    const listFile = `${temporaryDirectory()}/queriers`;
    const list = () => {
      writeFileSync(`${listFile}.new`, queriers.map((one) => `127.0.0.1:${taskPort(one)}\n`).join(''));
      renameSync(`${listFile}.new`, listFile);
    };
    const slow = [`--store.s3.endpoint=http://127.0.0.1:${proxy.port}`, '--query.cache-size-max=0'];
    /** As a Deployment does: one that is ready is told of, one that is to go is not told of any more. */
    const scale = async (count: number) => {
      const missing = Math.max(0, count - queriers.length);
      queriers.push(...(await Promise.all(Array.from({ length: missing }, () => ground.start('querier', slow)))));
      const leaving = queriers.splice(count);
      list();
      await Promise.all(leaving.map((one) => one.terminate()));
    };
    await scale(minReplicas);
    const flags = [`--query-frontend.queriers=file:${listFile}`, '--query-frontend.lookup-interval=100ms'];
    const frontend = await ground.start('query-frontend', flags);
    others.push(frontend);
    const profile = smallPprof({ stacks: [{ frames: ['main'], value: TOTAL }], timeMs: Date.now() });
    const commit = await push(distributor.url, SERVICE, profile);
    assert.equal(await totalOf(frontend.url, SERVICE, commit), TOTAL);
    proxy.set({ delayMs: DELAY_MS, refused: 0, lost: 0 });

    const samples: { readonly value: number; readonly atSeconds: number }[] = [];
    const scrape = async () => {
      const text = await (await fetch(`${frontend.url}/metrics`)).text();
      const values = [...text.matchAll(new RegExp(`^${metric}(?:\\{.*\\})? (\\S+)$`, 'gm'))];
      assert.ok(values.length > 0, metric);
      const value = values.reduce((sum, [, one]) => sum + Number(one), 0);
      samples.push({ value, atSeconds: performance.now() / 1_000 });
      samples.splice(0, samples.length - windowSteps - 1);
    };
    const counts: number[] = [];
    const tasks: string[] = [];
    const step = async () => {
      await load?.step();
      await scrape();
      const [first, last] = [samples[0], samples.at(-1)];
      if (first === undefined || last === undefined || first === last) return;
      const rate = (last.value - first.value) / (last.atSeconds - first.atSeconds);
      const count = autoscaler.step(rate);
      tasks.push(rate.toFixed(0));
      counts.push(count);
      await scale(count);
    };
    load = createLoad(frontend.url, commit);

    await load.set(CLIENTS);
    await scrape();
    for (let i = 0; i < windowSteps; i++) await step();
    const quiet = counts.splice(0);
    await load.set(CLIENTS * FACTOR);
    for (let i = 0; i < 3 * windowSteps; i++) await step();
    const busy = counts.splice(0);
    await load.set(CLIENTS);
    const [policy] = patience.policies;
    const peak = Math.max(...busy);
    const stepsMax =
      windowSteps +
      (patience.stabilizationWindowSeconds + (peak * (policy?.periodSeconds ?? 0)) / (policy?.value ?? 1)) /
        STEP_SECONDS;
    while (counts.at(-1) !== minReplicas && counts.length <= stepsMax) await step();
    await load.set(0);

    t.diagnostic(`tasks at a time: ${tasks.join(' ')}`);
    t.diagnostic(`queriers at 1x ${quiet.join(' ')}, at ${FACTOR}x ${busy.join(' ')}, at 1x ${counts.join(' ')}`);
    assert.deepEqual(load.errors, []);
    assert.ok(quiet.every((count) => count === minReplicas));
    // Up within a minute, to what the load asks for: clients are with queriers for most of their time.
    assert.ok((busy[60 / STEP_SECONDS - 1] ?? 0) >= 2 * minReplicas, 'scale-out takes more than a minute');
    const needed = (CLIENTS * FACTOR) / threshold;
    assert.ok(peak >= needed / 2 && peak <= needed * 2, `${peak} queriers at the peak`);
    const isRising = busy.every((count, i) => i === 0 || count >= busy[i - 1]);
    assert.ok(isRising, 'queriers were taken away under load');
    const isFalling = counts.every((count, i) => count <= (counts[i - 1] ?? peak));
    assert.ok(isFalling, 'queriers came back without load');
    assert.equal(counts.at(-1), minReplicas);
  } finally {
    await load?.set(0);
    await Promise.all([...queriers, ...others].map((one) => one.kill()));
    await Promise.all([ground.stop(), proxy.close()]);
  }
});
