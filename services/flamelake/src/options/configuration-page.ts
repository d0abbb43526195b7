/** docs/configuration.md, from the option tables. */

import { TENANT_OPTIONS } from '../overrides/read-overrides.ts';
import {
  DELETE_OPTIONS,
  INSPECT_OPTIONS,
  PIN_OPTIONS,
  PROBE_OPTIONS,
  PUSH_OPTIONS,
  QUERY_OPTIONS,
  VERIFY_OPTIONS,
} from './client-options.ts';
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
The file of \`runtime-config.file\`, read again as it changes, may give a tenant values of its own (\`overrides: { team-a: { limits: { samples-max: 500000 } } }\`;
Pyroscope's names, as \`ingestion_rate_mb\` and \`ingestion_relabeling_rules\`, are understood) of:
${Object.keys(TENANT_OPTIONS)
  .map((name) => `\`${name}\``)
  .join(', ')}.

### Placement of services
A service has one partition of the log unless the file of \`distributor.placement-file\` gives it more. The file is the same for all distributors:

\`\`\`yaml
- partitions: 16 # all times before the second entry
- valid-from: 2026-12-01T10:00:00Z # a whole hour, of the profiles' own time
  partitions: 32
  shards:
    - { tenant: anonymous, service: checkout, partitions: 4 }
\`\`\`

A profile goes by its own time, so a resend goes where its first copy went, also across a change. The file is read again as it changes; entries can be
added and changed 20 minutes ahead or more, and dropped once no profile that old is taken (\`limits.ingestion-window\`). Whatever else changes is refused,
logged and seen in \`flamelake_placement_last_reload_successful\`: two copies of a profile in two partitions would count twice. What a distributor
finds at its start it takes as it is. Before \`kafka.partitions\` is raised, write the file with the number there was.
\`flamelake_distributor_recommended_shards\`, summed over distributors and rounded up, is how many partitions a service wants.

## flamelake config check
Takes the options of \`flamelake serve\` and says whether a server would start: options, files, store, profile log and cache are tried.

## flamelake push, query, delete, pin, inspect, probe, verify
Flags only.

### push
${markdownTable(PUSH_OPTIONS, 'flags')}

### query
${markdownTable(QUERY_OPTIONS, 'flags')}

### delete
${markdownTable(DELETE_OPTIONS, 'flags')}

### pin
${markdownTable(PIN_OPTIONS, 'flags')}

### inspect
${markdownTable(INSPECT_OPTIONS, 'flags')}

### probe
${markdownTable(PROBE_OPTIONS, 'flags')}

### verify
Reads the store and the log of a server, running or not, and changes nothing. The server's own flags, file and environment say where they are
(\`store.*\`, \`kafka.*\`); \`limits.ingestion-window\` is to be the server's.

${markdownTable(VERIFY_OPTIONS, 'flags')}
`;
}
