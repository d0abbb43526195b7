/** Writes an option table for people: `--help` and docs/configuration.md. */
import { type Option, type OptionTable, showValue, variableOf } from './option.ts';

const FLAG_WIDTH_MAX = 48;

/** One line a flag, aligned, with its default. */
export function helpText(table: OptionTable): string {
  const rows = Object.entries(table).map(
    ([name, option]) => [`  --${name}=${placeholder(option)}`, describe(option)] as const,
  );
  // A longer flag has its description below it.
  const width = Math.min(FLAG_WIDTH_MAX, Math.max(...rows.map(([flag]) => flag.length)) + 2);
  return rows
    .map(([flag, text]) => (flag.length < width ? flag.padEnd(width) : `${flag}\n${' '.repeat(width)}`) + text)
    .join('\n');
}

/** A Markdown table of every option with its spellings; `flags` leaves the variable out. */
export function markdownTable(table: OptionTable, spellings: 'all' | 'flags' = 'all'): string {
  const rows = Object.entries(table).map(([name, option]) => {
    const value = showValue(option, option.default);
    const cells = [`\`${name}\``, `\`${variableOf(name)}\``, value === '' ? '' : `\`${value}\``, option.description];
    return row(spellings === 'all' ? cells : cells.toSpliced(1, 1));
  });
  const heading =
    spellings === 'all' ? ['flag and YAML key', 'variable', 'default', 'meaning'] : ['flag', 'default', 'meaning'];
  return [row(heading), row(heading.map(() => '---')), ...rows].join('\n');
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function placeholder(option: Option): string {
  if (option.kind === 'choice') return option.choices.join('|');
  if (option.kind === 'switch') return 'true|false';
  return { integer: 'N', bytes: 'SIZE', duration: 'DURATION', text: 'TEXT', yaml: 'YAML' }[option.kind];
}

function describe(option: Option): string {
  const value = showValue(option, option.default);
  return value === '' ? option.description : `${option.description} [${value}]`;
}
