/**
 * One option: the row from which its flag, environment variable, YAML key, help line and documentation are made.
 *
 * `server.port` is the flag `--server.port=4040`, the variable `FLAMELAKE_SERVER_PORT` and the YAML `server: { port: 4040 }`.
 */
import { describeError, FlamelakeError, parseDuration } from '@flamelake/model';
import { parse as parseYaml } from 'yaml';

interface OptionRow<Kind extends string, Value> {
  readonly kind: Kind;
  readonly default: Value;
  readonly description: string;
  /** May have another value for a tenant, by the file of `runtime-config.file`. */
  readonly perTenant?: true;
}

/** A whole number with inclusive bounds; `unit` is for people. */
export interface IntegerOption extends OptionRow<'integer', number> {
  readonly min: number;
  readonly max: number;
  readonly unit?: string;
}
/** A number of bytes, written plain or with KiB, MiB, GiB; 0 is allowed when `min` is 0. */
export interface BytesOption extends OptionRow<'bytes', number> {
  readonly min: number;
  readonly max: number;
}
/** Milliseconds, written as a Prometheus duration: 500ms, 30s, 1h30m. */
export interface DurationOption extends OptionRow<'duration', number> {
  readonly min: number;
  readonly max: number;
}
export interface ChoiceOption extends OptionRow<'choice', string> {
  readonly choices: readonly string[];
}
export interface TextOption extends OptionRow<'text', string> {
  /** Refuses the empty text, which else says "not set". */
  readonly isRequired?: true;
  /** Shown to nobody. */
  readonly isSecret?: true;
}
export type SwitchOption = OptionRow<'switch', boolean>;
/** Lists and mappings. The value is JSON; in a file it is written as what it is, elsewhere as YAML in one text. */
export interface YamlOption extends OptionRow<'yaml', string> {
  /** Throws a FlamelakeError when the content is not what it should be; nothing is null. */
  readonly check: (content: unknown) => unknown;
}

export type Option =
  | IntegerOption
  | BytesOption
  | DurationOption
  | ChoiceOption
  | TextOption
  | SwitchOption
  | YamlOption;
/** Options by name; names are dotted, each part kebab-case. */
export type OptionTable = Readonly<Record<string, Option>>;
export type OptionValue = string | number | boolean;

/** The typed values of a table. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends SwitchOption
    ? boolean
    : Table[Name] extends IntegerOption | BytesOption | DurationOption
      ? number
      : Table[Name] extends { readonly choices: readonly (infer Choice)[] }
        ? Choice
        : string;
};

const BYTE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
};

function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(B|KiB|MiB|GiB|TiB|)$/.exec(text);
  return match === null ? Number.NaN : Math.round(Number(match[1]) * BYTE_UNITS[match[2]]);
}

function refuse(name: string, value: unknown, expected: string): never {
  throw new FlamelakeError('invalid_argument', 'option has a wrong value', {
    option: name,
    value: String(value),
    expected,
  });
}

function parseNumber(name: string, option: IntegerOption | BytesOption | DurationOption, value: OptionValue): number {
  const text = String(value);
  let number = Number.NaN;
  if (option.kind === 'bytes') number = parseBytes(text);
  else if (option.kind === 'integer') number = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  else {
    try {
      number = parseDuration(text);
    } catch {
      // Refused below, with the option's name and what it accepts.
    }
  }
  const inRange = number >= option.min && number <= option.max;
  if (!inRange)
    refuse(
      name,
      value,
      `${describeKind(option)} from ${showValue(option, option.min)} to ${showValue(option, option.max)}`,
    );
  return number;
}

/**
 * Reads one value as its option wants it.
 * @throws {FlamelakeError} `invalid_argument` naming option, value and what is expected
 */
export function parseOption(name: string, option: Option, value: OptionValue): OptionValue {
  switch (option.kind) {
    case 'integer':
    case 'bytes':
    case 'duration':
      return parseNumber(name, option, value);
    case 'switch': {
      if (value === true || value === 'true' || value === '') return true;
      if (value === false || value === 'false') return false;
      return refuse(name, value, 'true or false');
    }
    case 'choice':
      return option.choices.includes(String(value)) ? String(value) : refuse(name, value, option.choices.join(', '));
    case 'yaml':
      return parseContent(name, option, String(value));
    case 'text':
      return String(value) === '' && option.isRequired === true ? refuse(name, value, 'a text') : String(value);
  }
}

function parseContent(name: string, option: YamlOption, text: string): string {
  try {
    const content: unknown = parseYaml(text);
    option.check(content);
    return content === null || content === undefined ? '' : JSON.stringify(content);
  } catch (cause) {
    const reason = cause instanceof FlamelakeError ? describeError(cause) : String(cause);
    const details = { option: name, value: text.slice(0, 200), reason };
    throw new FlamelakeError('invalid_argument', 'option has a wrong value', details, { cause });
  }
}

function describeKind(option: Option): string {
  if (option.kind === 'integer')
    return option.unit === undefined ? 'a whole number' : `a whole number of ${option.unit}`;
  if (option.kind === 'bytes') return 'a size such as 64MiB';
  return 'a duration such as 30s';
}

function showBytes(value: number): string {
  for (const unit of ['TiB', 'GiB', 'MiB', 'KiB']) {
    const size = BYTE_UNITS[unit];
    if (value >= size && value % size === 0) return `${value / size}${unit}`;
  }
  return String(value);
}

const DURATION_UNITS: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
];

function showDuration(value: number): string {
  for (const [unit, ms] of DURATION_UNITS) if (value >= ms && value % ms === 0) return `${value / ms}${unit}`;
  return `${value}ms`;
}

/** A value as the user would write it. */
export function showValue(option: Option, value: OptionValue): string {
  if (option.kind === 'bytes') return showBytes(Number(value));
  if (option.kind === 'duration') return showDuration(Number(value));
  return String(value);
}

/** Name of the environment variable of an option. */
export function variableOf(name: string): string {
  return `FLAMELAKE_${name.toUpperCase().replaceAll(/[.-]/g, '_')}`;
}
