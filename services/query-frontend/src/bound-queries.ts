/** Queries within a time and a share of the memory: from the snapshot to the answer, whatever they wait for. */
import { type Clock, FlamelakeError } from '@flamelake/model';
import type { MemoryBudget } from '@flamelake/runtime';
import type { CallContext, Queries } from './queries.ts';
import { tenantsOf } from './validate-query.ts';

type Query<Rest extends unknown[], Answer> = (call: CallContext, ...rest: Rest) => Promise<Answer>;

export interface QueryBounds {
  /** Longest time of a query that reads these tenants, ms. */
  readonly timeoutMs: (tenants: readonly string[]) => number;
  readonly clock: Clock;
  /** What they hold is not bounded if absent. */
  readonly memory: MemoryBudget | undefined;
}

/** What a query holds, about: more would let fewer run side by side, less would have more begin again. */
const EXPECTED_BYTES = 4_194_304;

/**
 * The same queries. One that takes too long ends as `deadline_exceeded`, and what was at work for it is told to stop; one that finds no room
 * begins again when there is more.
 */
export function boundQueries(queries: Queries, { timeoutMs, clock, memory }: QueryBounds): Queries {
  const inShare = <Answer>(own: CallContext, run: () => Promise<Answer>): Promise<Answer> => {
    if (memory === undefined) return run();
    return memory.run(
      { tenant: tenantsOf(own.tenant).join('|'), expectedBytes: EXPECTED_BYTES },
      own.signal,
      (share) => {
        own.memory = share;
        return run();
      },
    );
  };
  const bounded =
    <Rest extends unknown[], Answer>(query: Query<Rest, Answer>): Query<Rest, Answer> =>
    async (call, ...rest) => {
      const limitMs = timeoutMs(tenantsOf(call.tenant));
      return within(limitMs, clock, call, (own) => inShare(own, () => query(own, ...rest)));
    };
  return {
    profileTypes: bounded(queries.profileTypes),
    labelNames: bounded(queries.labelNames),
    labelValues: bounded(queries.labelValues),
    series: bounded(queries.series),
    functions: bounded(queries.functions),
    locations: bounded(queries.locations),
    flamegraph: bounded(queries.flamegraph),
    tree: bounded(queries.tree),
    dot: bounded(queries.dot),
    pprof: bounded(queries.pprof),
    pgo: bounded(queries.pgo),
    selectSeries: bounded(queries.selectSeries),
    heatmap: bounded(queries.heatmap),
    analyze: bounded(queries.analyze),
    diff: bounded(queries.diff),
    stats: bounded(queries.stats),
    stored: bounded(queries.stored),
  };
}

/** Why what still waits is told to stop; made once, as errors cost something and nobody reads this one. */
const ENDED = new FlamelakeError('canceled', 'query has ended');

async function within<Answer>(
  limitMs: number,
  clock: Clock,
  call: CallContext,
  run: (own: CallContext) => Promise<Answer>,
): Promise<Answer> {
  const [late, ended] = [new AbortController(), new AbortController()];
  const own: CallContext = { ...call, signal: AbortSignal.any([call.signal, late.signal]) };
  // Not all that is waited for hears of the signal: a snapshot is taken for many.
  const tooLate = clock.sleep(limitMs, ended.signal).then(() => {
    if (ended.signal.aborted) throw ENDED;
    throw new FlamelakeError(
      'deadline_exceeded',
      'query took too long; narrow its time range or selector, or raise query.timeout',
      { limitMs, option: 'query.timeout', tenant: call.tenant },
    );
  });
  try {
    return await Promise.race([run(own), tooLate]);
  } finally {
    tooLate.catch(() => undefined);
    ended.abort(ENDED);
    late.abort(ENDED);
    if (own.snapshot !== undefined) call.snapshot = own.snapshot;
    if (own.clampedMaxNodes !== undefined) call.clampedMaxNodes = own.clampedMaxNodes;
  }
}
