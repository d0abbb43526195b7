/** Alerts, each with what its page in docs/operations/alerts says. */
import { LOG_AND_STORE_ALERTS } from './alerts-log-and-store.ts';
import { READ_ALERTS } from './alerts-read.ts';
import { WRITE_ALERTS } from './alerts-write.ts';
import { objectiveAlerts, type RecordedRule } from './objectives.ts';
import type { Metrics } from './promql.ts';

export interface Alert {
  /** Without the prefix `Flamelake`. */
  readonly name: string;
  /** critical wakes somebody; warning waits for the morning. */
  readonly severity: 'critical' | 'warning';
  /** How long it must hold. */
  readonly for: string;
  readonly expression: string;
  /** One line; may use Prometheus' templates. */
  readonly summary: string;
  /** What users notice. */
  readonly means: string;
  /** What to do, in order. */
  readonly steps: readonly string[];
  /** Dashboard to look at, by its uid without the prefix. */
  readonly dashboard: 'overview' | 'writes' | 'reads' | 'compaction' | 'log-and-store' | 'tenants' | 'resources';
}

/** Alerts of one subject; every expression keeps the label namespace. */
export type Alerts = (m: Metrics) => readonly Alert[];

export const RUNBOOKS_PLACE = 'RUNBOOKS';

export function alerts(m: Metrics): readonly Alert[] {
  return [...WRITE_ALERTS(m), ...READ_ALERTS(m), ...LOG_AND_STORE_ALERTS(m), ...objectiveAlerts()];
}

/** Rules as Prometheus reads them; `RUNBOOKS` stands for where the pages are. */
export function alertRules(recorded: readonly RecordedRule[], all: readonly Alert[]): string {
  const records = recorded.map(({ record, expression }) => ({ record, expr: expression }));
  const rules = all.map(({ name, severity, for: held, expression, summary, dashboard }) => ({
    alert: `Flamelake${name}`,
    expr: expression,
    for: held,
    labels: { severity },
    annotations: {
      summary,
      runbook_url: `${RUNBOOKS_PLACE}/${pageName(name)}`,
      dashboard: `flamelake-${dashboard}`,
    },
  }));
  // JSON is YAML, and is quoted right.
  const lines = (some: readonly object[]) => some.map((rule) => `      - ${JSON.stringify(rule)}\n`).join('');
  const group = (name: string, some: readonly object[]) => `  - name: ${name}\n    rules:\n${lines(some)}`;
  return `groups:\n${group('flamelake-objectives', records)}${group('flamelake', rules)}`;
}

/** File of an alert's page. */
export function pageName(name: string): string {
  return `${name.replaceAll(/(?<!^)(?=[A-Z])/g, '-').toLowerCase()}.md`;
}

/** An alert's page. */
export function alertPage({ name, severity, for: held, expression, means, steps, dashboard }: Alert): string {
  return `# Flamelake${name}

${severity === 'critical' ? 'Critical: somebody should look now.' : 'Warning: somebody should look today.'} Dashboard: \`flamelake-${dashboard}\`.

${means}

## What to do
${steps.map((step, i) => `${i + 1}. ${step}`).join('\n')}

## When it fires
For ${held}:

\`\`\`
${expression}
\`\`\`
`;
}
