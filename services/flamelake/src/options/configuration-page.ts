/** docs/configuration.md, from the option tables. */

import { TENANT_OPTIONS } from '../overrides/read-overrides.ts';
import { INSPECT_OPTIONS, PUSH_OPTIONS, QUERY_OPTIONS, VERIFY_OPTIONS } from './client-options.ts';
import { markdownTable } from './describe-options.ts';
import { SERVE_OPTIONS } from './serve-options.ts';

export function configurationPage(): string {
  return `# Configuration

Written from the option tables by \`node scripts/write-configuration.ts\`; do not edit.

## flamelake serve
Later wins: defaults, the YAML file of \`config.file\`, environment variables, flags. A flag is written \`--name=value\`; in YAML the dots are levels
(\`server: { port: 4040 }\`). A key that does not exist stops the start and names the nearest one.

${markdownTable(SERVE_OPTIONS)}

### Options of single tenants
The file of \`runtime-config.file\`, read again as it changes, may give a tenant values of its own (\`overrides: { team-a: { limits: { samples-max: 500000 } } }\`) of:
${Object.keys(TENANT_OPTIONS)
  .map((name) => `\`${name}\``)
  .join(', ')}.

## flamelake push, query, inspect, verify
Flags only.

### push
${markdownTable(PUSH_OPTIONS, 'flags')}

### query
${markdownTable(QUERY_OPTIONS, 'flags')}

### inspect
${markdownTable(INSPECT_OPTIONS, 'flags')}

### verify
Reads the data directory of a server, running or not, and changes nothing. \`limits.ingestion-window\` is to be the server's.

${markdownTable(VERIFY_OPTIONS, 'flags')}
`;
}
