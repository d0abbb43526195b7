/** The rules of the chart by Prometheus' own tool: it reads them, and the alerts that weigh one rate against another fire when they should and only then. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { CHART } from '../deploy/render-chart.ts';
import { pathOf } from '../real/components/install.ts';
import { installPromtool } from '../real/components/promtool.ts';

const runFile = promisify(execFile);
const promtool = async (...words: readonly string[]) =>
  (await runFile(`${pathOf(await installPromtool())}/promtool`, words)).stdout;

test('Prometheus reads every rule', async () => {
  assert.match(await promtool('check', 'rules', `${CHART}/rules/alerts.yaml`), /SUCCESS: \d+ rules found/);
});

test('burn rates and orphans fire and end as they should', async () => {
  assert.match(await promtool('test', 'rules', `${import.meta.dirname}/alerts.promtool.yaml`), /SUCCESS/);
});
