/** The query front end: checks a query, plans it on one snapshot, has its tasks run, merges and renders. */
import type { ExpireBefore, SnapshotSource, StoreKeys } from '@flamelake/catalog';
import { encodePprof } from '@flamelake/formats';
import { type Clock, FlamelakeError, LABEL, labelsKey, parseProfileTypeId } from '@flamelake/model';
import {
  DOT_NODES_DEFAULT,
  renderDiff,
  renderDot,
  renderExemplars,
  renderFlamegraph,
  renderPprof,
  renderTimeSeries,
  renderTree,
  type Selection,
  sortedLabelNames,
  sortedLabelSets,
  sortedLabelValues,
} from '@flamelake/query';
import type { MemoryBudget } from '@flamelake/runtime';
import { boundQueries } from './bound-queries.ts';
import { focused, focusedLocations } from './focus.ts';
import { pgoProfile } from './pgo-profile.ts';
import type { CallContext, Queries, StacktraceQuery } from './queries.ts';
import { type QueryLimits, smallestLimits } from './query-limits.ts';
import {
  type AskedQuestion,
  type ExecuteTask,
  expect,
  onSnapshot,
  planOnly,
  runQuestions,
  statsOf,
  storedOf,
} from './run-question.ts';
import { exemplarQuestion, heatmapOf } from './select-points.ts';
import { splitQuery } from './split-query.ts';
import {
  checkRange,
  gridOf,
  labelSelection,
  nodesOf,
  rangeOrLast,
  stackSelection,
  tenantsOf,
  withinLimits,
} from './validate-query.ts';

export interface QueryFrontendOptions {
  readonly snapshots: SnapshotSource;
  readonly keys: StoreKeys;
  readonly execute: ExecuteTask;
  /** Tasks of one query that run at the same time. */
  readonly tasksInFlight?: number;
  /** Limits of a tenant; of several tenants in one call the smallest hold. */
  readonly limits: (tenant: string) => QueryLimits;
  /** Whether several tenants may be read in one query: throws what is to be answered if not. */
  readonly checkTenants?: (tenants: readonly string[]) => void;
  /** Profiles of a tenant before are expired and not shown; none by default. */
  readonly expireBefore?: ExpireBefore;
  readonly clock: Clock;
  /** What all queries hold at the same time; not bounded if absent. */
  readonly memory?: MemoryBudget;
}

/** Range of label queries that give none: a day. */
const LABELS_RANGE_MS = 86_400_000;
/** Range of profile type queries that give none: an hour. */
const PROFILE_TYPES_RANGE_MS = 3_600_000;

export function createQueryFrontend(options: QueryFrontendOptions): Queries {
  const { limits, clock, checkTenants } = options;

  const readTenants = (call: CallContext): readonly string[] => {
    const tenants = tenantsOf(call.tenant);
    if (tenants.length > 1) checkTenants?.(tenants);
    return tenants;
  };

  const oneTenant = (call: CallContext, orElse: string): string => {
    const tenants = readTenants(call);
    const [tenant] = tenants;
    if (tenants.length === 1 && tenant !== undefined) return tenant;
    throw new FlamelakeError('invalid_argument', orElse, { tenants: tenants.length });
  };

  const limitsOf = (tenants: readonly string[]): QueryLimits => {
    return smallestLimits(tenants.map(limits));
  };
  const ask = async (call: CallContext, tenants: readonly string[], asked: readonly AskedQuestion[]) => {
    const own = limitsOf(tenants);
    const bounded = asked.map((one) => ({ ...one, selection: withinLimits(one.selection, own, clock.nowMs()) }));
    return runQuestions(options, call, bounded, own.queryBytesMax);
  };

  const labelSets = async (call: CallContext, selection: Selection, names: readonly string[] | undefined) => {
    const [result] = await ask(call, selection.tenants, [{ question: { kind: 'labelSets', names }, selection }]);
    return expect(result, 'labelSets').sets;
  };
  const functionTree = async (call: CallContext, query: StacktraceQuery) => {
    const selection = stackSelection(readTenants(call), query);
    const [result] = await ask(call, selection.tenants, [{ question: { kind: 'functions' }, selection }]);
    return focused(expect(result, 'functions').tree, query);
  };
  const locationTree = async (call: CallContext, query: StacktraceQuery) => {
    const selection = stackSelection(readTenants(call), query);
    const [result] = await ask(call, selection.tenants, [{ question: { kind: 'locations' }, selection }]);
    return focusedLocations(expect(result, 'locations').tree, query);
  };
  const nodes = (call: CallContext, maxNodes: number | undefined) => {
    const { nodes: count, isClamped } = nodesOf(maxNodes, limitsOf(readTenants(call)));
    if (isClamped) call.clampedMaxNodes = count;
    return count;
  };

  const queries: Queries = {
    profileTypes: async (call, range) => {
      const checked = rangeOrLast(range, PROFILE_TYPES_RANGE_MS, clock.nowMs());
      const selection = labelSelection(readTenants(call), checked, []);
      return sortedLabelValues(await labelSets(call, selection, [LABEL.profileType])).map(parseProfileTypeId);
    },
    labelNames: async (call, range, matchers) => {
      const checked = rangeOrLast(range, LABELS_RANGE_MS, clock.nowMs());
      const selection = labelSelection(readTenants(call), checked, matchers);
      const [result] = await ask(call, selection.tenants, [{ question: { kind: 'labelNames' }, selection }]);
      return sortedLabelNames(expect(result, 'labelSets').sets);
    },
    labelValues: async (call, range, name, matchers) => {
      if (name === '') throw new FlamelakeError('invalid_argument', 'label name is required');
      const checked = rangeOrLast(range, LABELS_RANGE_MS, clock.nowMs());
      return sortedLabelValues(await labelSets(call, labelSelection(readTenants(call), checked, matchers), [name]));
    },
    series: async (call, range, matchers, labelNames) => {
      const checked = rangeOrLast(range, LABELS_RANGE_MS, clock.nowMs());
      const selection = labelSelection(readTenants(call), checked, matchers);
      return sortedLabelSets(await labelSets(call, selection, labelNames.length === 0 ? undefined : labelNames));
    },
    functions: functionTree,
    locations: locationTree,
    flamegraph: async (call, query) => {
      const count = nodes(call, query.maxNodes);
      return renderFlamegraph(await functionTree(call, query), count);
    },
    tree: async (call, query) => {
      const count = nodes(call, query.maxNodes);
      return renderTree(await functionTree(call, query), count);
    },
    dot: async (call, query) => {
      const count = nodes(call, query.maxNodes || DOT_NODES_DEFAULT);
      const { sampleUnit } = parseProfileTypeId(query.profileTypeId);
      return renderDot(await functionTree(call, query), count, sampleUnit);
    },
    pprof: async (call, query) => {
      nodes(call, query.maxNodes);
      const tree = await locationTree(call, query);
      const type = parseProfileTypeId(query.profileTypeId);
      return encodePprof(renderPprof(tree, { type, ...checkRange(query) }));
    },
    pgo: async (call, query, bytesMax) =>
      pgoProfile(await locationTree(call, query), parseProfileTypeId(query.profileTypeId), bytesMax),
    selectSeries: async (call, query) => {
      const grid = gridOf(query);
      const whole = stackSelection(readTenants(call), query);
      const selection = { ...whole, fromMs: grid.startMs - grid.stepMs };
      const asked: AskedQuestion[] = [{ question: { kind: 'timeSeries', grid, groupBy: query.groupBy }, selection }];
      if (query.hasExemplars) asked.push({ question: exemplarQuestion(grid, query.groupBy), selection });
      const [result, cells] = await ask(call, selection.tenants, asked);
      const series = renderTimeSeries(expect(result, 'timeSeries').groups, grid, query.aggregation, query.limit);
      if (!query.hasExemplars) return series;
      const exemplars = renderExemplars(expect(cells, 'cells').cells, grid, query.groupBy);
      return series.map((one) => ({ ...one, exemplars: exemplars.get(labelsKey(one.labels)) }));
    },
    heatmap: async (call, query) => {
      const whole = stackSelection(readTenants(call), query);
      const grid = gridOf(query);
      const own = limitsOf(whole.tenants);
      const selection = withinLimits({ ...whole, fromMs: grid.startMs - grid.stepMs }, own, clock.nowMs());
      return onSnapshot(options, call, own.queryBytesMax, (askSame) => heatmapOf(askSame, query, grid, selection));
    },
    analyze: async (call, range, query) => {
      const tenants = readTenants(call);
      const { profileTypeId, labelSelector } = splitQuery(query);
      const selection = stackSelection(tenants, { ...checkRange(range), profileTypeId, labelSelector });
      const plan = await planOnly(options, call, { question: { kind: 'functions' }, selection });
      const blocks = plan.tasks.reduce((sum, task) => sum + task.parts.length, 0);
      const series = await labelSets(call, selection, undefined);
      return { blocks, bytes: plan.estimatedBytes, series: series.size };
    },
    diff: async (call, left, right) => {
      const count = Math.max(nodes(call, left.maxNodes), nodes(call, right.maxNodes));
      const tenants = readTenants(call);
      const asked = [left, right].map(
        (side): AskedQuestion => ({
          question: { kind: 'functions' },
          selection: stackSelection(tenants, side),
        }),
      );
      const [leftTree, rightTree] = await ask(call, tenants, asked);
      return renderDiff(
        focused(expect(leftTree, 'functions').tree, left),
        focused(expect(rightTree, 'functions').tree, right),
        count,
      );
    },
    stats: async (call) => statsOf(options, call, oneTenant(call, 'profile stats are of exactly one tenant')),
    stored: async (call) => storedOf(options, call, oneTenant(call, 'stored data is told of exactly one tenant')),
  };
  return boundQueries(queries, { timeoutMs: (tenants) => limitsOf(tenants).timeoutMs, clock, memory: options.memory });
}
