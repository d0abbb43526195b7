/** `make cluster`: Kafka, an S3 store, Redis and two of each role on loopback, until Ctrl-C. For trying out, not for data to keep. */
import { once } from 'node:events';
import { startCluster, whyNoCluster } from '../test/e2e/cluster.ts';

console.log('installing and starting Kafka, an S3 store and Redis; the first time takes minutes');
const why = await whyNoCluster();
if (why !== undefined) {
  console.error(`the cluster cannot be started here: ${why}`);
  process.exit(1);
}
const cluster = await startCluster();
const urls = (processes: readonly { readonly url: string }[]) => processes.map(({ url }) => url).join('  ');
console.log(`
push to   ${urls(cluster.distributors)}
look at   ${urls(cluster.frontends)}
also      segment-writers ${urls(cluster.writers)}
          queriers        ${urls(cluster.queriers)}
          compactors      ${urls(cluster.compactors)}

Everything ends, and its data with it, at Ctrl-C.
`);
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
await cluster.stop();
process.exit(0);
