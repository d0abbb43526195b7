/**
 * Reads the values of an option table: defaults, then the YAML file, then environment variables, then flags.
 * A key no option has is an error that names the nearest one.
 */
import { FlamelakeError } from '@flamelake/model';
import { parse as parseYaml } from 'yaml';
import { type OptionTable, type OptionValue, type OptionValues, parseOption, variableOf } from './option.ts';
import { unknownKey } from './unknown-key.ts';
import { optionsInYaml } from './yaml-options.ts';

export interface OptionSources {
  /** Command-line words: `--name=value`, `--name value`, `--switch`. */
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Reads the file named by `config.file`; its error becomes ours. */
  readFile(path: string): string;
}

export interface ReadOptions<Table extends OptionTable> {
  readonly values: OptionValues<Table>;
  /** Words that are no flags, in order. */
  readonly rest: readonly string[];
}

/** Environment variables with the prefix that belong to no option, on purpose: tests and tools use them. */
const OTHER_VARIABLES = new Set([
  'FLAMELAKE_CORPUS',
  'FLAMELAKE_ACCEPT',
  'FLAMELAKE_TEST_OUTPUT',
  'FLAMELAKE_URL',
  'FLAMELAKE_TENANT',
]);

/** Names that Kubernetes gives every container for each service of its namespace, here for one called `flamelake` or `flamelake-…`. */
const SERVICE_LINK_NAME = /_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/;
/** Value of the one such name, `…_PORT`, that an option can have too. */
const SERVICE_LINK_VALUE = /^(tcp|udp|sctp):\/\//;

/**
 * @throws {FlamelakeError} `invalid_argument` for an unknown key or a value its option does not take
 */
export function readOptions<Table extends OptionTable>(table: Table, sources: OptionSources): ReadOptions<Table> {
  const { flags, rest } = readFlags(table, sources.words);
  const values: Record<string, OptionValue> = {};
  for (const [name, option] of Object.entries(table)) values[name] = option.default;
  const file = flags.get('config.file') ?? sources.environment[variableOf('config.file')] ?? '';
  if (file !== '') for (const [name, value] of readYaml(table, file, sources)) values[name] = parse(table, name, value);
  for (const [name, value] of readEnvironment(table, sources.environment)) values[name] = parse(table, name, value);
  for (const [name, value] of flags) values[name] = parse(table, name, value);
  return { values: values as OptionValues<Table>, rest };
}

function parse(table: OptionTable, name: string, value: OptionValue): OptionValue {
  const option = table[name];
  if (option === undefined) throw unknownKey(name, Object.keys(table), 'unknown option');
  return parseOption(name, option, value);
}

function readFlags(table: OptionTable, words: readonly string[]): { flags: Map<string, string>; rest: string[] } {
  const flags = new Map<string, string>();
  const rest: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (!word.startsWith('-') || word === '-') {
      rest.push(word);
      continue;
    }
    const [name, inline] = splitOnce(word.replace(/^--?/, ''), '=');
    const option = table[name];
    if (option === undefined) throw unknownKey(name, Object.keys(table), 'unknown flag');
    if (inline !== undefined) flags.set(name, inline);
    else if (option.kind === 'switch') flags.set(name, 'true');
    else if (words[i + 1] !== undefined) flags.set(name, words[++i]);
    else throw new FlamelakeError('invalid_argument', 'flag lacks a value', { flag: name });
  }
  return { flags, rest };
}

function readEnvironment(table: OptionTable, environment: OptionSources['environment']): [string, string][] {
  const names = new Map(Object.keys(table).map((name) => [variableOf(name), name]));
  const found: [string, string][] = [];
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith('FLAMELAKE_') || OTHER_VARIABLES.has(variable) || value === undefined) continue;
    if (isServiceLink(variable, value)) continue;
    const name = names.get(variable);
    if (name === undefined) throw unknownKey(variable, [...names.keys()], 'unknown environment variable');
    found.push([name, value]);
  }
  return found;
}

function isServiceLink(variable: string, value: string): boolean {
  return SERVICE_LINK_NAME.test(variable) || (variable.endsWith('_PORT') && SERVICE_LINK_VALUE.test(value));
}

function readYaml(table: OptionTable, file: string, sources: OptionSources): [string, OptionValue][] {
  let content: unknown;
  try {
    content = parseYaml(sources.readFile(file));
  } catch (cause) {
    throw new FlamelakeError(
      'invalid_argument',
      'configuration file cannot be read',
      { file, reason: String(cause) },
      { cause },
    );
  }
  return optionsInYaml(table, content, file);
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
