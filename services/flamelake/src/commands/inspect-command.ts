/** `flamelake inspect FILE…`: what a profile holds, with exact totals; `inspect store` and `inspect KEY…`: what a store holds. */
import { readFileSync } from 'node:fs';
import { LOGS_PREFIX } from '@flamelake/catalog';
import { describePprof, type NamedProfile } from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';
import { createMetrics } from '@flamelake/runtime';
import { type ReadOptions, readingOf, readProfileFile } from '../client/read-profile-file.ts';
import { inspectObject, inspectStore } from '../inspect/inspect-store.ts';
import { INSPECT_OPTIONS } from '../options/client-options.ts';
import { helpText } from '../options/describe-options.ts';
import type { OptionValues } from '../options/option.ts';
import { readOptions } from '../options/read-options.ts';
import { SERVE_OPTIONS } from '../options/serve-options.ts';
import { openObjectStore } from '../server/open-object-store.ts';
import type { Command, CommandContext } from './command.ts';
import { textTable } from './text-table.ts';

const OPTIONS = { ...SERVE_OPTIONS, ...INSPECT_OPTIONS };

export const inspectCommand: Command = {
  help: `flamelake inspect FILE... [flags]
flamelake inspect store [flags]
flamelake inspect KEY... [flags]

A store, and objects of it whose keys begin with ${LOGS_PREFIX}, are found as the server finds them: by the flags of flamelake serve
(--data.directory, --store.*), its file and its environment.

${helpText(INSPECT_OPTIONS)}`,
  async run(context) {
    const readFile = (path: string) => readFileSync(path, 'utf8');
    const { environment, words } = context;
    const { values, rest } = readOptions(OPTIONS, { words, environment, readFile });
    if (rest.length === 0) throw new FlamelakeError('invalid_argument', 'inspect needs at least one file');
    if (rest.every(isOfStore)) {
      await inspectStored(context, values, rest);
      return 0;
    }
    const reading = {
      bytesMax: values['size-max'],
      format: values.format,
      kind: values.kind,
      sampleRate: values['sample-rate'],
    };
    for (const file of rest) for (const text of inspectFile(file, reading, values.rows)) context.print(text);
    return 0;
  },
};

function isOfStore(word: string): boolean {
  return word === 'store' || word.startsWith(LOGS_PREFIX);
}

async function inspectStored(
  { clock, random, print }: CommandContext,
  options: OptionValues<typeof OPTIONS>,
  words: readonly string[],
): Promise<void> {
  const store = await openObjectStore({ options, clock, random, metrics: createMetrics(), readOnly: true });
  try {
    for (const word of words) {
      if (word === 'store') await inspectStore(store, print);
      else print(await inspectObject(store, word));
    }
  } finally {
    await store.close();
  }
}

function inspectFile(file: string, options: ReadOptions, rows: number): string[] {
  const read = readProfileFile(file, options);
  return read.profiles.map((one, i) => {
    const reading = read.profiles.length === 1 ? '' : `, the ${i + 1}. of them`;
    return describe(file, `${readingOf(read, options)}${reading}`, one, rows);
  });
}

function describe(file: string, reading: string, { name, labels, profile }: NamedProfile, rows: number): string {
  const about = describePprof(profile, { rows });
  const facts = [
    ['file', file],
    ['read as', reading],
    ...(name === '' ? [] : [['name', name]]),
    ...labels.map((label) => [label.name, label.value]),
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
