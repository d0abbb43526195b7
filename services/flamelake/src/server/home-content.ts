/** What the home page shows of the stored data: services of the last hour, our own hottest functions. */
import type { Clock } from '@flamelake/model';
import type { CallContext, Queries } from '@flamelake/query-frontend';
import { type Frame, flamegraphTree, topFunctions } from '../client/flamegraph-tree.ts';
import type { HomePageContent } from '../pages/home-page.ts';
import { OWN_SERVICE } from './own-profiles.ts';

const SERVICES_RANGE_MS = 3_600_000;
const OWN_RANGE_MS = 900_000;
const FUNCTIONS_SHOWN = 10;
/** Nodes asked for: more than a page shows, few enough to be quick. */
const NODES_MAX = 4096;

export async function homeContent(
  queries: Queries,
  clock: Clock,
  tenant: string,
  url: string,
): Promise<Pick<HomePageContent, 'url' | 'services' | 'topFunctions'>> {
  const endMs = clock.nowMs();
  const call: CallContext = { tenant, signal: new AbortController().signal, commitToken: undefined };
  const services = await queries.labelValues(call, { startMs: endMs - SERVICES_RANGE_MS, endMs }, 'service_name', []);
  const graph = await queries.flamegraph(call, {
    startMs: endMs - OWN_RANGE_MS,
    endMs,
    profileTypeId: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds',
    labelSelector: `{service_name="${OWN_SERVICE}"}`,
    maxNodes: NODES_MAX,
  });
  const levels = graph.levels.map((values) => ({ values: [...values].map(String) }));
  return { url, services, topFunctions: shares(flamegraphTree({ names: graph.names, levels })) };
}

function shares(root: Frame): HomePageContent['topFunctions'] {
  if (root.total === 0n) return [];
  return topFunctions(root)
    .slice(0, FUNCTIONS_SHOWN)
    .map(({ name, self }) => ({ name, share: Number((self * 10_000n) / root.total) / 10_000 }));
}
