/** Documentation made from code is what the code says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { configurationPage } from '../../services/flamelake/src/options/configuration-page.ts';
import { metricsPage } from './metrics-page.ts';

test('docs/configuration.md is what the option tables say; `node scripts/write-configuration.ts` writes it', () => {
  assert.equal(readFileSync('docs/configuration.md', 'utf8'), configurationPage());
});

test('docs/metrics.md is what the code declares; `node scripts/write-metrics.ts` writes it', () => {
  assert.equal(readFileSync('docs/metrics.md', 'utf8'), metricsPage());
});
