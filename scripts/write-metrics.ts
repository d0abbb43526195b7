/** Writes docs/metrics.md from the declarations in the code. */
import { writeFileSync } from 'node:fs';
import { metricsPage } from '../test/layers/metrics-page.ts';

writeFileSync('docs/metrics.md', metricsPage());
