/** docs/metrics.md, from the declarations in the code. */
import { globSync, readFileSync } from 'node:fs';

interface Declared {
  readonly name: string;
  readonly kind: string;
  readonly labels: string;
  readonly help: string;
  readonly where: string;
}

const SOURCES = ['libs/*/src/**/*.ts', 'services/*/src/**/*.ts'];
/** The door itself, and what only tests use. */
const LEFT_OUT = /\.test|\.bench|^libs\/testkit|^libs\/runtime\/src\/metrics\.ts$/;
const CALL = /\.(?:counter|gauge|histogram)\(/g;
const DECLARATION =
  /\.(counter|gauge|histogram)\(\s*\{\s*name: '([a-z_0-9]+)',\s*help:\s*(?:'((?:[^'\\]|\\.)*)'|`([^`]*)`),?\s*(?:labels: \[([^\]]*)\],?\s*)?\}/g;

/** @throws when a metric is not declared with its name, help and labels in place: a table of them is read from the code */
export function metricsPage(): string {
  const declared = new Map<string, Declared>();
  const files = SOURCES.flatMap((pattern) => globSync(pattern)).filter((file) => !LEFT_OUT.test(file));
  for (const file of files.sort()) {
    const text = readFileSync(file, 'utf8');
    const found = [...text.matchAll(DECLARATION)];
    if (found.length !== [...text.matchAll(CALL)].length)
      throw new Error(`${file}: declare each metric as { name: '…', help: '…', labels: ['…'] } where it is made`);
    for (const [, kind = '', name = '', plain, template, labels = ''] of found) {
      const help = (plain ?? template ?? '').replaceAll(/\$\{(\w+)\}/g, '$1').replaceAll("\\'", "'");
      const where = file.split('/src/')[0] ?? '';
      declared.set(name, { name, kind, labels: labels.replaceAll(/['\s]/g, '').replaceAll(',', ', '), help, where });
    }
  }
  const rows = [...declared.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const lines = rows.map(
    ({ name, kind, labels, help, where }) => `| \`flamelake_${name}\` | ${kind} | ${labels} | ${help} | ${where} |`,
  );
  return `${HEAD}${lines.join('\n')}\n`;
}

const HEAD = `# Metrics

Written from the code by \`node scripts/write-metrics.ts\`; do not edit.

Every role answers \`/metrics\` on \`server.port\` in Prometheus' text format. A role exports what the packages it is made of declare: all roles those of
\`libs/runtime\`, \`libs/rpc\`, \`libs/object-store\` and \`services/flamelake\`; distributors and segment-writers those of \`libs/profile-log\`. Seconds have
buckets from 0.5 ms to 60 s and sizes from 256 B to 1 GiB unless what is measured asks for others. Tenants beyond \`metrics.tenants-max\` are counted together as \`other\`.

| Metric | Kind | Labels | Meaning | Declared in |
|---|---|---|---|---|
`;
