/** The roles apart, on Kafka and S3: exact, once, and whoever is killed is not missed. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Cluster, startCluster, whyNoCluster } from './cluster.ts';
import { assertAgrees, runVerify } from './run-verify.ts';
import { push, smallPprof, totalOf } from './small-profile.ts';
import { chromiumLacks, openPage, startChromium } from './ui-browser.ts';

const skip = (await whyNoCluster()) ?? false;
const noBrowser = skip === false ? await chromiumLacks() : skip;
let cluster: Cluster;

before(async () => {
  if (skip === false) cluster = await startCluster();
});
after(() => cluster?.stop());

function profile(value: bigint, timeMs = Date.now()): Uint8Array {
  return smallPprof({ stacks: [{ frames: ['main', 'work'], value }], timeMs });
}

test('what one distributor took any query-frontend shows, exactly and at once', { skip }, async () => {
  const [first, second] = cluster.distributors;
  const bytes = profile(2n ** 55n + 1n);
  await push(first.url, 'shop', bytes, { labels: { pod: 'a' } });
  const commit = await push(second.url, 'shop', bytes, { labels: { pod: 'b' } });
  for (const { url } of cluster.frontends) assert.equal(await totalOf(url, 'shop', commit), 2n ** 56n + 2n);
});

test('a resend to another distributor counts once, also after folding', { skip }, async () => {
  const [first, second] = cluster.distributors;
  const bytes = profile(7n, Date.now() - 5000);
  await push(first.url, 'twice', bytes);
  const again = await push(second.url, 'twice', bytes);
  const [{ url }] = cluster.frontends;
  assert.equal(await totalOf(url, 'twice', again), 7n);
  await folded();
  const third = await push(first.url, 'twice', bytes);
  assert.equal(await totalOf(url, 'twice', third), 7n);
});

test('a query-frontend alone says in the browser what the catalog knows', { skip: noBrowser }, async () => {
  const browser = await startChromium();
  const complaints: string[] = [];
  const page = await openPage(browser, complaints);
  await page.goto(`${cluster.frontends[0].url}/status`);
  await page.getByText('It is ready').waitFor();
  await page.getByText('Distributors take profiles, and count in their own metrics').waitFor();
  await page.getByText(/^(One service has|\d+ services have) sent profiles in the last hour/).waitFor();
  await page.getByText(/are stored\. The oldest profile is of \d{4}-/).waitFor();
  await page
    .locator('dd', { hasText: /in \d+ (segment|block)s?/ })
    .first()
    .waitFor();
  await page.getByText(/it has answered .* queries/).waitFor();
  await page.getByText('2 queriers read blocks for it.').waitFor();
  await page.getByText('31 days').waitFor();
  assert.deepEqual(complaints, []);
  await browser.close();
});

test('a canary goes from a query-frontend through a distributor and back, within seconds', { skip }, async () => {
  const [{ url: pushUrl }] = cluster.distributors;
  const flags = ['--canary.interval=1s', `--canary.push-url=${pushUrl}`];
  const frontend = await cluster.start('query-frontend', [...cluster.frontendFlags, ...flags]);
  const text = async () => (await fetch(`${frontend.url}/metrics`)).text();
  while (!/canary_freshness_seconds_count [2-9]/.test(await text())) await new Promise((go) => setTimeout(go, 50));
  assert.doesNotMatch(await text(), /canary_failures_total\{step="(total|query|push)"\}/);
  assert.equal(await frontend.terminate(), 0);
});

test('what a querier learnt of a folded block is found in Redis', { skip }, async () => {
  await folded();
  const [{ url }] = cluster.frontends;
  const hits = async () => {
    const texts = await Promise.all(cluster.queriers.map(async (one) => (await fetch(`${one.url}/metrics`)).text()));
    return texts.filter((text) => /redis_operations_total\{operation="get",outcome="hit"\} [1-9]/.test(text)).length;
  };
  while ((await hits()) === 0) assert.equal(await totalOf(url, 'twice', ''), 7n);
});

test('a segment-writer and a querier killed under pushes lose and double nothing', { skip }, async () => {
  const [{ url }] = cluster.frontends;
  const [distributor] = cluster.distributors;
  let expected = 0n;
  const commits: string[] = [];
  for (let i = 1; i <= 60; i++) {
    commits.push(await push(distributor.url, `killed-${i % 8}`, profile(BigInt(i))));
    expected += BigInt(i);
    if (i === 20) await cluster.writers[0]?.kill();
    if (i === 40) await cluster.queriers[0]?.kill();
  }
  let sum = 0n;
  for (let service = 0; service < 8; service++) {
    // The newest push of this service; its partition may still be changing hands.
    const commit = commits.findLast((_, at) => (at + 1) % 8 === service) ?? '';
    sum += await totalWhenVisible(url, `killed-${service}`, commit);
  }
  assert.equal(sum, expected);
});

test('log, bucket and server agree on all partitions', { skip }, async () => {
  const [{ url }] = cluster.frontends;
  const verdict = await runVerify([...cluster.flags, `--url=${url}`]);
  assertAgrees(verdict);
  assert.equal(verdict.output.match(/^log: partition \d, /gm)?.length, 4);
  assert.match(verdict.output, /server: \d+ answers compared/);
});

test('every role ends cleanly at SIGTERM', { skip }, async () => {
  const { distributors, frontends, compactors } = cluster;
  const alive = [...frontends, distributors[1], cluster.writers[1], cluster.queriers[1], ...compactors];
  assert.deepEqual(
    await Promise.all(alive.map((process) => process?.terminate())),
    alive.map(() => 0),
  );
});

/** A query waits 5 s for a commit and then says so; a killed writer's partitions move within its session timeout of 10 s. */
async function totalWhenVisible(url: string, service: string, commit: string): Promise<bigint> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await totalOf(url, service, commit);
    } catch (error) {
      if (attempt === 8 || !String(error).includes('unavailable')) throw error;
    }
  }
}

async function folded(): Promise<void> {
  for (;;) {
    for (const { url } of cluster.compactors) {
      const text = await (await fetch(`${url}/metrics`)).text();
      if (/compactor_jobs_total\{[^}]*outcome="committed"[^}]*\} [1-9]/.test(text)) return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
