/** Every file that is made from the definitions of this folder, by path. */
import { alertPage, alertRules, alerts, pageName } from './alerts.ts';
import { dashboardJson, dashboards } from './dashboards.ts';
import { objectiveRules } from './objectives.ts';
import { promql, readDeclared } from './promql.ts';

/** @throws {Error} when a definition names a metric or a label that docs/metrics.md does not have */
export function monitoringFiles(): ReadonlyMap<string, string> {
  const declared = readDeclared();
  const shown = dashboards(promql(declared, 'namespace=~"$namespace",job=~"$job"', '$__rate_interval'));
  const all = alerts(promql(declared, '', '5m'));
  const recorded = objectiveRules((window) => promql(declared, '', window));
  const index = all.map(
    ({ name, severity, means }) => `- [Flamelake${name}](${pageName(name)}), ${severity}: ${means}`,
  );
  return new Map([
    ...shown.map((dashboard) => [`helm/flamelake/dashboards/${dashboard.uid}.json`, dashboardJson(dashboard)] as const),
    ['helm/flamelake/rules/alerts.yaml', alertRules(recorded, all)],
    ...all.map((alert) => [`docs/operations/alerts/${pageName(alert.name)}`, alertPage(alert)] as const),
    [
      'docs/operations/alerts/README.md',
      `# Alerts\n\nWritten by \`node scripts/write-monitoring.ts\`; do not edit.\n\n${index.join('\n')}\n`,
    ],
  ]);
}
