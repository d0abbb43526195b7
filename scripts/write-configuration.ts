/** Writes docs/configuration.md from the option tables. */
import { writeFileSync } from 'node:fs';
import { configurationPage } from '../services/flamelake/src/options/configuration-page.ts';

writeFileSync('docs/configuration.md', configurationPage());
