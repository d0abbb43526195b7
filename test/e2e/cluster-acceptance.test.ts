/** The black-box checks through a cluster: pushes to two distributors, queries to two query-frontends, two of each role between them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { runAcceptance, whyNoAcceptance } from './acceptance-script.ts';
import { type Cluster, startCluster, whyNoCluster } from './cluster.ts';
import { type SplitProxy, startSplitProxy } from './split-proxy.ts';

const skip = whyNoAcceptance ?? (await whyNoCluster()) ?? false;
/** One of each client whose wire is served, sent twice. */
const RUNS = ['go-shop', 'py-survey', 'py08-survey', 'rust-fleet'];
let cluster: Cluster;
let proxy: SplitProxy;

before(async () => {
  if (skip !== false) return;
  cluster = await startCluster();
  const urls = (processes: readonly { readonly url: string }[]) => processes.map(({ url }) => url);
  proxy = await startSplitProxy({ distributors: urls(cluster.distributors), frontends: urls(cluster.frontends) });
});
after(async () => {
  await proxy?.close();
  await cluster?.stop();
});

test('every pprof of the corpus is read back from a cluster as its truth says', { skip }, () =>
  runAcceptance(proxy.url, 'truth.mjs', ['--wait', '0']),
);

test('what recorded clients sent is read back from a cluster as its truth says, also when sent twice', {
  skip,
}, async () => {
  const words = (name: string) => ['--only', `recorded/${name}`, '--wait', '0', '--exactly-once'];
  await Promise.all(RUNS.map((name) => runAcceptance(proxy.url, 'recorded.mjs', words(name))));
});

test('no query-frontend, querier or writer had trouble meanwhile', { skip }, () => {
  const all = [...cluster.distributors, ...cluster.writers, ...cluster.queriers, ...cluster.frontends];
  assert.deepEqual(
    all.flatMap(({ log }) => log.filter(({ level }) => level === 'error')),
    [],
  );
});
