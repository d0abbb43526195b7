/** `flamelake inspect FILE…`: what a profile holds, with exact totals. */
import { readFileSync } from 'node:fs';
import { describePprof } from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';
import { readProfileFile } from '../client/read-profile-file.ts';
import { INSPECT_OPTIONS } from '../options/client-options.ts';
import { helpText } from '../options/describe-options.ts';
import { readOptions } from '../options/read-options.ts';
import type { Command } from './command.ts';
import { textTable } from './text-table.ts';

export const inspectCommand: Command = {
  help: `flamelake inspect FILE... [flags]\n\n${helpText(INSPECT_OPTIONS)}`,
  async run(context) {
    const readFile = (path: string) => readFileSync(path, 'utf8');
    const { values, rest } = readOptions(INSPECT_OPTIONS, { words: context.words, environment: {}, readFile });
    if (rest.length === 0) throw new FlamelakeError('invalid_argument', 'inspect needs at least one file');
    for (const file of rest) context.print(inspectFile(file, values['size-max'], values.rows));
    return 0;
  },
};

function inspectFile(file: string, bytesMax: number, rows: number): string {
  const about = describePprof(readProfileFile(file, bytesMax).profile, { rows });
  const facts = [
    ['file', file],
    ['time', about.timeNanos === 0n ? 'not stated' : new Date(Number(about.timeNanos / 1_000_000n)).toISOString()],
    ['duration', `${Number(about.durationNanos) / 1e9} s`],
    ['samples', String(about.sampleCount)],
    ['stacks', String(about.stackCount)],
    ['locations', String(about.locationCount)],
    ['functions', String(about.functionCount)],
    ['sample labels', about.labelNames.join(', ') || 'none'],
  ];
  const tables = about.sampleTypes.map((type) => {
    const lines = type.top.map((row) => [row.name, String(row.flat), String(row.cum)]);
    return `\n${type.type}/${type.unit}: total ${type.total}\n${textTable(['function', 'self', 'total'], lines)}`;
  });
  return `${textTable(undefined, facts)}${tables.join('')}\n`;
}
