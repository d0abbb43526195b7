/** Documentation made from code is what the code says. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { chartSchema } from '../../scripts/chart-schema.ts';
import { monitoringFiles } from '../../scripts/monitoring/monitoring-files.ts';
import { configurationPage } from '../../services/flamelake/src/options/configuration-page.ts';
import { metricsPage } from './metrics-page.ts';

test('docs/configuration.md is what the option tables say; `node scripts/write-configuration.ts` writes it', () => {
  assert.equal(readFileSync('docs/configuration.md', 'utf8'), configurationPage());
});

test('docs/metrics.md is what the code declares; `node scripts/write-metrics.ts` writes it', () => {
  assert.equal(readFileSync('docs/metrics.md', 'utf8'), metricsPage());
});

test('the schema of the chart is what the option tables and values.yaml say; the same script writes it', () => {
  assert.equal(readFileSync('helm/flamelake/values.schema.json', 'utf8'), chartSchema());
});

test('dashboards and alerts name metrics that there are; `node scripts/write-monitoring.ts` writes them', () => {
  const files = monitoringFiles();
  for (const [path, content] of files) assert.equal(readFileSync(path, 'utf8'), content, path);
  const here = globSync('{helm/flamelake/dashboards,helm/flamelake/rules,docs/operations/alerts}/*');
  assert.deepEqual(here.sort(), [...files.keys()].sort());
});
