/** Finds options in parsed YAML, where the dots of their names may be levels. */
import { FlamelakeError } from '@flamelake/model';
import type { OptionTable, OptionValue } from './option.ts';
import { unknownKey } from './unknown-key.ts';

/**
 * @param file - named in errors
 * @returns names and values as written, in order
 * @throws {FlamelakeError} `invalid_argument` for a key that is no option, or levels where a value belongs
 */
export function optionsInYaml(table: OptionTable, content: unknown, file: string): [string, OptionValue][] {
  const found: [string, OptionValue][] = [];
  const names = Object.keys(table);
  const walk = (node: unknown, path: string): void => {
    if (node === null || node === undefined) return;
    const isOption = table[path] !== undefined;
    const isSection = path === '' || names.some((name) => name.startsWith(`${path}.`));
    if (isOption && table[path].kind === 'yaml') found.push([path, JSON.stringify(node)]);
    else if (isOption && typeof node !== 'object') found.push([path, node as OptionValue]);
    else if (isSection && typeof node === 'object' && !Array.isArray(node)) {
      for (const [key, child] of Object.entries(node)) walk(child, path === '' ? key : `${path}.${key}`);
    } else if (isOption || isSection) throw wrongShape(file, path, isOption ? 'one plain value' : 'keys with values');
    else throw unknownKey(path, names, 'unknown key in the configuration file');
  };
  walk(content, '');
  return found;
}

function wrongShape(file: string, path: string, expected: string): FlamelakeError {
  return new FlamelakeError('invalid_argument', 'configuration file has the wrong form', {
    file,
    key: path === '' ? 'top level' : path,
    expected,
  });
}
