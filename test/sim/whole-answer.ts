/** What the query API answers to a question for everything, stack by stack, against the naive model. */
import { createSnapshotSource } from '@flamelake/catalog';
import { decodePprof, type ProfileRecord } from '@flamelake/formats';
import { type Clock, LABEL, type ObjectStore, profileTypeId } from '@flamelake/model';
import { createQuerier } from '@flamelake/querier';
import { createQueryFrontend, QUERY_LIMITS_DEFAULT } from '@flamelake/query-frontend';
import { createMetrics } from '@flamelake/runtime';
import { CPU_TYPE, naiveMerge, stackTreeOf } from '@flamelake/testkit';
import { Violation } from './violation.ts';

const DAY_MS = 86_400_000;
const KEYS = { seal: new Uint8Array(32), hmac: new Uint8Array(32) };

/** Asks for all CPU stacks of one service, and compares them with what the records hold. */
export async function checkWholeAnswer(
  store: ObjectStore,
  clock: Clock,
  records: readonly ProfileRecord[],
  service: string,
): Promise<void> {
  const querier = createQuerier({ store, storeId: 'simulated', clock, metrics: createMetrics() });
  const queries = createQueryFrontend({
    snapshots: createSnapshotSource({ store, clock }),
    keys: KEYS,
    execute: querier.execute,
    limits: () => QUERY_LIMITS_DEFAULT,
    clock,
  });
  const typeId = profileTypeId(CPU_TYPE);
  const answer = await queries.pprof(
    { tenant: 'anonymous', signal: new AbortController().signal, commitToken: undefined },
    {
      startMs: clock.nowMs() - DAY_MS / 2,
      endMs: clock.nowMs(),
      profileTypeId: typeId,
      labelSelector: `{${LABEL.serviceName}="${service}"}`,
      maxNodes: undefined,
    },
  );
  const found = stacksOf(answer);
  const expected = naiveMerge(records, { profileTypeId: typeId, service });
  for (const stack of new Set([...found.keys(), ...expected.keys()])) {
    const [value, wanted] = [found.get(stack) ?? 0n, expected.get(stack) ?? 0n];
    if (value !== wanted) throw new Violation('COUNT', `the answer has ${value} at '${stack}', not ${wanted}`);
  }
}

/** Totals by stack of an encoded profile, named as the naive model names them. */
function stacksOf(bytes: Uint8Array): Map<string, bigint> {
  const { symbols, stacks: runs, values, sampleCount } = decodePprof(bytes);
  const lists = Array.from({ length: sampleCount }, (_, sample) => [
    ...runs.locations.subarray(runs.start[sample], runs.start[sample + 1]),
  ]);
  const { stacks, stack } = stackTreeOf(lists);
  const group = { labels: [], sampleCount, stack, values, spanIds: undefined, traceIds: undefined };
  return naiveMerge([
    {
      tenant: '',
      service: '',
      identity: new Uint8Array(16),
      timeNanos: 0n,
      durationNanos: 0n,
      period: 0n,
      types: [CPU_TYPE],
      symbols,
      stacks,
      groups: [group],
    },
  ]);
}
