/** Options as YAML that `config.file` takes, for people to read: what is secret is masked. */
import { stringify } from 'yaml';
import { type OptionTable, type OptionValue, showValue } from './option.ts';

const MASK = '********';
/** User and password of a URL. */
const CREDENTIALS = /\/\/[^/@\s]+@/g;

/** @param unlike - values left out where they are the same; none if absent */
export function optionsText(
  table: OptionTable,
  values: Readonly<Record<string, OptionValue>>,
  unlike?: Readonly<Record<string, OptionValue>>,
): string {
  const shown: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(table)) {
    const value = values[name];
    if (value === undefined || value === unlike?.[name]) continue;
    if (option.kind === 'text' && option.isSecret === true) shown[name] = value === '' ? '' : MASK;
    else if (option.kind === 'switch' || option.kind === 'integer') shown[name] = value;
    else if (option.kind === 'yaml') shown[name] = value === '' ? null : JSON.parse(String(value));
    else shown[name] = showValue(option, value).replaceAll(CREDENTIALS, `//${MASK}@`);
  }
  return Object.keys(shown).length === 0 ? '' : stringify(shown);
}

/** Values when nothing is said. */
export function defaultsOf(table: OptionTable): Readonly<Record<string, OptionValue>> {
  return Object.fromEntries(Object.entries(table).map(([name, option]) => [name, option.default]));
}
