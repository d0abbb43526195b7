/** Writes dashboards, alert rules and their pages from scripts/monitoring and docs/metrics.md. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { monitoringFiles } from './monitoring/monitoring-files.ts';

const files = monitoringFiles();
for (const folder of new Set([...files.keys()].map(dirname))) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}
for (const [path, content] of files) writeFileSync(path, content);
