/** A front end over an in-memory store whose chain tests write by hand. */
import { createBlockBuilder } from '@flamelake/block';
import { createSnapshotSource, foldOnce, sealCommitToken, segmentKey } from '@flamelake/catalog';
import type { ProfileRecord } from '@flamelake/formats';
import type { Cache, Clock, Random } from '@flamelake/model';
import { createMemoryStore } from '@flamelake/object-store';
import { createQuerier, type QuerierOptions } from '@flamelake/querier';
import { createMetrics, type MemoryBudget } from '@flamelake/runtime';
import type { CallContext } from './queries.ts';
import { createQueryFrontend } from './query-frontend.ts';
import { QUERY_LIMITS_DEFAULT, type QueryLimits } from './query-limits.ts';
import type { ExecuteTask } from './run-question.ts';

export const NOW_MS = 1_795_000_000_000;
const ROOT = { logId: 'log', partition: 0 };
const KEYS = { seal: new Uint8Array(32).fill(1), hmac: new Uint8Array(32).fill(2) };

const NEVER = new Promise<void>(() => {});

/** A clock whose wall stands still while each look at the monotonic side moves it on: whoever waits, ends; deadlines pass when told. */
function steppingClock(deadline: Promise<void> | undefined): Clock {
  let monotonicMs = 0;
  return {
    nowMs: () => NOW_MS,
    monotonicMs: () => (monotonicMs += 100),
    sleep: (ms, signal) =>
      ms < QUERY_LIMITS_DEFAULT.timeoutMs
        ? Promise.resolve()
        : Promise.race([
            deadline ?? NEVER,
            new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve())),
          ]),
  };
}

export function createTestFrontend(
  options: {
    limits?: Partial<QueryLimits>;
    wrap?: (execute: ExecuteTask) => ExecuteTask;
    /** When queries have taken too long; never if absent. */
    deadline?: Promise<void>;
    querier?: Partial<QuerierOptions>;
    /** What queries hold is taken from it; unbounded if absent. */
    memory?: MemoryBudget;
    /** Told of each snapshot that is asked for. */
    onSnapshot?: () => void;
  } = {},
) {
  const clock = steppingClock(options.deadline);
  const store = createMemoryStore({ clock });
  let position = 0;
  const queriesWith = (results?: Cache) => {
    const caches = results === undefined ? {} : { results, cache: results };
    const querier = createQuerier({
      store,
      storeId: 'store',
      clock,
      metrics: createMetrics(),
      ...caches,
      ...options.querier,
    });
    const snapshots = createSnapshotSource({ store, clock, reuseMs: 0 });
    const take = () => {
      options.onSnapshot?.();
      return snapshots.take();
    };
    return createQueryFrontend({
      snapshots: { ...snapshots, take },
      keys: KEYS,
      execute: options.wrap?.(querier.execute) ?? querier.execute,
      limits: () => ({ ...QUERY_LIMITS_DEFAULT, ...options.limits }),
      clock,
      ...(options.memory !== undefined && { memory: options.memory }),
    });
  };
  return {
    queries: queriesWith(),
    /** Another front end of the same store, with a cache. */
    queriesWith,
    /** Folds the segments there are into one block. */
    fold: (random: Random) => foldOnce({ store, root: ROOT, random }),
    clock,
    /** Writes profiles as the next segment; gives the token of the push. */
    async push(records: readonly ProfileRecord[]): Promise<string> {
      const builder = createBlockBuilder();
      for (const [i, record] of records.entries()) builder.addProfile(record, position + i);
      const next = position + records.length;
      const id = (position + 1).toString(16).padStart(32, '0');
      const log = { ...ROOT, position, next, lastAppendMs: NOW_MS, gaps: [] };
      await store.putIfAbsent(segmentKey(ROOT, position), builder.build({ id, level: 0, log }).bytes);
      position = next;
      return tokenOf(next - 1);
    },
    /** The token of a push that goes to an offset. */
    tokenOf,
  };
}

function tokenOf(offset: number): string {
  return sealCommitToken(KEYS, { logId: ROOT.logId, offsets: new Map([[ROOT.partition, offset]]) });
}

export function callOf(tenant: string, commitToken?: string): CallContext {
  return { tenant, commitToken, signal: AbortSignal.timeout(60_000) };
}
