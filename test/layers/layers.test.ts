/**
 * The rules of the tree that no compiler checks: which way imports go, who may touch the outside world, how long a file gets.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const LINES_MAX = 400;
/** What each package may import of ours; services may import every library but testkit. */
const PURE = ['model', 'formats', 'block', 'catalog', 'query'];
const ADAPTERS = ['runtime', 'object-store', 'profile-log', 'cache', 'rpc'];
const ADAPTER_MAY: Readonly<Record<string, readonly string[]>> = {
  runtime: ['model'],
  'object-store': ['model', 'runtime'],
  'profile-log': ['model', 'runtime', 'formats'],
  cache: ['model', 'runtime'],
  rpc: ['model', 'runtime', 'formats'],
};
/** Names that only runtime may speak; everything else gets a clock, a seed, a typed option. */
const OUTSIDE =
  /\b(Date\.now|Math\.random|process\.env|new Date\(\)|performance\.now)\b|(?<![.\w])(setTimeout|setInterval|randomBytes|randomUUID)\b/;

interface Source {
  readonly file: string;
  readonly text: string;
  readonly home: 'libs' | 'services';
  readonly name: string;
  readonly isTest: boolean;
}

const sources: Source[] = globSync(['libs/*/src/**/*.ts', 'services/*/src/**/*.ts'])
  .filter((file) => !file.includes('/gen/') && !file.includes('node_modules') && !file.includes('services/ui/'))
  .map((file) => {
    const [home, name] = file.split('/') as ['libs' | 'services', string];
    return {
      file,
      home,
      name,
      text: readFileSync(file, 'utf8'),
      isTest: /\.(test|bench|test-support)\.ts$/.test(file),
    };
  });

function importsOf(text: string): string[] {
  return [
    ...text.matchAll(/(?:^|\n)\s*(?:import|export)[^'"`;]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g),
  ].map((match) => match[1] ?? match[2] ?? '');
}

function mayImport(from: Source, to: string): boolean {
  if (from.isTest || from.name === 'testkit') return true;
  const isService = sources.some((source) => source.home === 'services' && source.name === to);
  if (from.home === 'services') return from.name === 'flamelake' ? to !== 'testkit' : !isService && to !== 'testkit';
  if (PURE.includes(from.name)) return PURE.indexOf(to) >= 0 && PURE.indexOf(to) < PURE.indexOf(from.name);
  return (ADAPTER_MAY[from.name] ?? []).includes(to);
}

test('imports go one way, through package names', () => {
  const wrong: string[] = [];
  for (const source of sources) {
    for (const specifier of importsOf(source.text)) {
      const ours = /^@flamelake\/(.+)$/.exec(specifier)?.[1];
      if (ours !== undefined && !mayImport(source, ours)) wrong.push(`${source.file} imports ${specifier}`);
      const isEscape =
        specifier.startsWith('..') &&
        !new URL(specifier, `file:///${source.file}`).pathname.startsWith(`/${source.home}/${source.name}/`);
      if (isEscape && !source.isTest) wrong.push(`${source.file} reaches ${specifier} by path`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('every library has its place in the layers', () => {
  const names = new Set(sources.filter((source) => source.home === 'libs').map((source) => source.name));
  assert.deepEqual(
    [...names].filter((name) => ![...PURE, ...ADAPTERS, 'testkit'].includes(name)),
    [],
  );
});

test('only runtime names the clock, timers, randomness and the environment', () => {
  const wrong = sources
    .filter((source) => source.name !== 'runtime' && !source.isTest)
    .filter((source) => OUTSIDE.test(source.text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')))
    .map((source) => `${source.file}: ${OUTSIDE.exec(source.text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ''))?.[0]}`);
  assert.deepEqual(wrong, []);
});

test(`no file is longer than ${LINES_MAX} lines`, () => {
  const long = sources
    .map((source) => ({ file: source.file, lines: source.text.split('\n').length }))
    .filter(({ lines }) => lines > LINES_MAX)
    .map(({ file, lines }) => `${file}: ${lines}`);
  assert.deepEqual(long, []);
});
