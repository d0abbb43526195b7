/** Writes what is made from the option tables: docs/configuration.md and the schema of the chart's values. */
import { writeFileSync } from 'node:fs';
import { configurationPage } from '../services/flamelake/src/options/configuration-page.ts';
import { chartSchema } from './chart-schema.ts';

writeFileSync('docs/configuration.md', configurationPage());
writeFileSync('helm/flamelake/values.schema.json', chartSchema());
