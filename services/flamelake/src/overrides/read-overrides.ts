/**
 * The file of `runtime-config.file`: options that are other for a tenant than for the rest.
 *
 *     overrides:
 *       team-a:
 *         limits: { samples-max: 500000 }
 *         limits.ingestion-rate: 16MiB
 *         max_label_names_per_series: 40          (as Pyroscope calls it)
 */
import { FlamelakeError } from '@flamelake/model';
import { parse as parseYaml } from 'yaml';
import { type OptionTable, type OptionValue, parseOption } from '../options/option.ts';
import { SERVE_OPTIONS, type ServeOptions } from '../options/serve-options.ts';
import { optionsInYaml } from '../options/yaml-options.ts';
import { withOwnNames } from './pyroscope-names.ts';

const ALL_OPTIONS: OptionTable = SERVE_OPTIONS;
const INGESTION_WINDOW = 'limits.ingestion-window';

/** Options a tenant may have other values of. */
export const TENANT_OPTIONS: OptionTable = Object.fromEntries(
  Object.entries(ALL_OPTIONS).filter(([, option]) => option.perTenant === true),
);

/**
 * @param base - values for every tenant the file does not name, and for every option it does not name
 * @param file - named in errors
 * @returns all options of each tenant named
 * @throws {FlamelakeError} `invalid_argument` when the text is no YAML, or a key or value in it is wrong
 */
export function readOverrides(text: string, base: ServeOptions, file: string): ReadonlyMap<string, ServeOptions> {
  const content = parse(text, file);
  const tenants = new Map<string, ServeOptions>();
  for (const [tenant, node] of entriesOf(sectionOf(content, file), file, 'overrides')) {
    const values: Record<string, OptionValue> = {};
    try {
      for (const [name, value] of optionsInYaml(TENANT_OPTIONS, withOwnNames(node), file)) {
        values[name] = parseOption(name, TENANT_OPTIONS[name], value);
      }
      checkWindow(values[INGESTION_WINDOW], base);
    } catch (cause) {
      if (!(cause instanceof FlamelakeError)) throw cause;
      throw new FlamelakeError(cause.code, cause.message, { ...cause.details, tenant, file }, { cause });
    }
    tenants.set(tenant, { ...base, ...values });
  }
  return tenants;
}

/** Segment-writers remember for as long as the server's window wants: a longer one would take what they drop. */
function checkWindow(value: OptionValue | undefined, base: ServeOptions): void {
  const limitMs = base[INGESTION_WINDOW];
  if (typeof value !== 'number' || value <= limitMs) return;
  throw new FlamelakeError('invalid_argument', "tenant's ingestion window is longer than everybody's", {
    key: INGESTION_WINDOW,
    valueMs: value,
    limitMs,
  });
}

function parse(text: string, file: string): unknown {
  try {
    return parseYaml(text);
  } catch (cause) {
    throw new FlamelakeError('invalid_argument', 'overrides are no yaml', { file, reason: String(cause) }, { cause });
  }
}

function sectionOf(content: unknown, file: string): unknown {
  for (const [key, section] of entriesOf(content, file, 'top level')) {
    if (key === 'overrides') return section;
    throw new FlamelakeError('invalid_argument', 'overrides file has an unknown key', {
      file,
      key,
      valid: 'overrides',
    });
  }
  return undefined;
}

/** The keys of a mapping; nothing there has none. */
function entriesOf(node: unknown, file: string, key: string): [string, unknown][] {
  if (node === null || node === undefined) return [];
  if (typeof node === 'object' && !Array.isArray(node)) return Object.entries(node);
  throw new FlamelakeError('invalid_argument', 'overrides file has the wrong form', {
    file,
    key,
    expected: 'keys with values',
  });
}
