/**
 * What users may rely on, and alerts on how fast the errors that this allows are used up. An alert looks at a long and a short window: the long
 * one says that it matters, the short one that it still goes on.
 */
import type { Alert } from './alerts.ts';
import { QUERIES } from './alerts-read.ts';
import { PUSHES } from './alerts-write.ts';
import type { Metrics } from './promql.ts';

/** Promises are kept over 30 days. */
const BUDGET_DAYS = 30;
const WINDOWS = ['5m', '30m', '1h', '2h', '6h', '1d', '3d'] as const;
type Window = (typeof WINDOWS)[number];

interface Burn {
  readonly long: Window;
  readonly short: Window;
  /** How many times as fast as lasts for 30 days. */
  readonly rate: number;
}

/** 2 % of the budget in an hour, 5 % in six. */
const FAST: readonly Burn[] = [
  { long: '1h', short: '5m', rate: 14.4 },
  { long: '6h', short: '30m', rate: 6 },
];
/** 10 % in a day, or in three days as much as there is for them. */
const SLOW: readonly Burn[] = [
  { long: '1d', short: '2h', rate: 3 },
  { long: '3d', short: '6h', rate: 1 },
];

interface Objective {
  /** Of its alerts, and of its rules in snake case. */
  readonly name: 'Push' | 'Query' | 'Freshness';
  /** Share that may fail. */
  readonly budget: number;
  readonly promise: string;
  /** Share that fails, over the window of the metrics. */
  readonly failing: (m: Metrics) => string;
  readonly steps: readonly string[];
  readonly dashboard: Alert['dashboard'];
}

const BY = ['namespace'];
const ratio = (m: Metrics, route: string) =>
  `${m.count('request_duration_seconds', BY, `${route},status_code=~"5.."`)} / ${m.count('request_duration_seconds', BY, route)}`;

const OBJECTIVES: readonly Objective[] = [
  {
    name: 'Push',
    budget: 0.001,
    promise: '99.9 % of pushes are not answered 5xx',
    failing: (m) => ratio(m, PUSHES),
    steps: ['As for FlamelakePushErrors: which code, one pod or all, and is Kafka well?'],
    dashboard: 'writes',
  },
  {
    name: 'Query',
    budget: 0.005,
    promise: '99.5 % of queries are not answered 5xx',
    failing: (m) => ratio(m, QUERIES),
    steps: [
      'As for FlamelakeQueryErrors: the log of query-frontends has the cause; are queriers there, and do they live?',
    ],
    dashboard: 'reads',
  },
  {
    name: 'Freshness',
    budget: 0.01,
    promise: '99 % of canaries are counted within 5 s of their acknowledgement',
    failing: (m) => {
      const all = m.count('canary_freshness_seconds', BY);
      const failed = `(${m.rate('canary_failures_total', BY, 'step=~"push|query|late"')} or 0 * ${all})`;
      return `(${all} - ${m.below('canary_freshness_seconds', '5', BY)} + ${failed}) / (${all} + ${failed})`;
    },
    steps: [
      'Do canaries fail, or are they late? FlamelakeCanaryFails and FlamelakeFreshnessSlow have what to do.',
      'Mostly it is the lag of segment-writers: add some, at most as many as partitions, or look at the store.',
    ],
    dashboard: 'overview',
  },
];

export interface RecordedRule {
  readonly record: string;
  readonly expression: string;
}

function recordName({ name }: Objective, window: Window): string {
  return `flamelake:${name.toLowerCase()}_errors:ratio_rate${window}`;
}

/** @param over - metrics whose rates are over a window */
export function objectiveRules(over: (window: string) => Metrics): readonly RecordedRule[] {
  return OBJECTIVES.flatMap((objective) =>
    WINDOWS.map((window) => ({ record: recordName(objective, window), expression: objective.failing(over(window)) })),
  );
}

export function objectiveAlerts(): readonly Alert[] {
  return OBJECTIVES.flatMap((objective) => [
    burnAlert(objective, FAST, {
      suffix: 'BudgetBurnsFast',
      severity: 'critical',
      for: '2m',
      means: 'at a rate that leaves nothing of it within days, and still goes on',
    }),
    burnAlert(objective, SLOW, {
      suffix: 'BudgetBurnsSlowly',
      severity: 'warning',
      for: '15m',
      means: `at least as fast as it grows back: the promise will not be kept over ${BUDGET_DAYS} days`,
    }),
  ]);
}

function burnAlert(
  objective: Objective,
  burns: readonly Burn[],
  kind: Pick<Alert, 'severity' | 'for' | 'means'> & { readonly suffix: string },
): Alert {
  const { name, budget, promise, steps, dashboard } = objective;
  const over = (window: Window, rate: number) => `${recordName(objective, window)} > ${rate} * ${budget}`;
  const pairs = burns.map(({ long, short, rate }) => `(${over(long, rate)} and ${over(short, rate)})`);
  return {
    name: name + kind.suffix,
    severity: kind.severity,
    for: kind.for,
    expression: pairs.join(' or '),
    summary: `{{ $value | humanizePercentage }} fail, where ${promise}`,
    means: `The promise is that ${promise}, over ${BUDGET_DAYS} days. What may fail is used up ${kind.means}.`,
    steps: [...steps, 'Is the promise not yours, change the numbers of these rules; is it a release, roll it back.'],
    dashboard,
  };
}
