/** Renders the chart for every set of values in helm/flamelake/ci into test/deploy/rendered: what changes for users is seen in review. */
import { writeFileSync } from 'node:fs';
import { renderChart, VALUE_SETS } from '../test/deploy/render-chart.ts';

for (const name of VALUE_SETS) writeFileSync(`test/deploy/rendered/${name}.yaml`, await renderChart(name));
