/**
 * The file of `distributor.placement-file`: from when on which services share how many partitions.
 *
 *     - partitions: 16                      the first entry serves all times before the second
 *     - valid-from: 2026-12-01T10:00:00Z    a whole hour, of the profiles' own time
 *       partitions: 32
 *       shards:
 *         - { tenant: anonymous, service: checkout, partitions: 4 }
 */
import { type PlacementEpoch, type PlacementTable, shardKey } from '@flamelake/distributor';
import { FlamelakeError } from '@flamelake/model';
import { parse as parseYaml } from 'yaml';

const ENTRIES_MAX = 1_000;
const SHARDS_MAX = 10_000;
const HOUR = /^\d{4}-\d{2}-\d{2}T\d{2}:00(:00(\.0+)?)?Z$/;

/** Part of the file, and where it is, for errors. */
interface Place {
  readonly file: string;
  readonly key: string;
}

/**
 * @param file - named in errors
 * @returns the table; whether its partitions exist is not known here
 * @throws {FlamelakeError} `invalid_argument` when the text is no YAML, or not of that form
 */
export function readPlacement(text: string, file: string): PlacementTable {
  const entries = listOf(parse(text, file), ENTRIES_MAX, { file, key: 'top level' });
  if (entries.length === 0) throw malformed({ file, key: 'top level' }, 'a first entry');
  return entries.map((entry, number) => epochOf(entry, number === 0, { file, key: `entry ${number + 1}` }));
}

function epochOf(entry: unknown, isFirst: boolean, place: Place): PlacementEpoch {
  const fields = fieldsOf(entry, ['valid-from', 'partitions', 'shards'], place);
  const shards = new Map<string, number>();
  for (const [number, shard] of listOf(fields.shards ?? [], SHARDS_MAX, place).entries()) {
    const at = { ...place, key: `${place.key}, shard ${number + 1}` };
    const { tenant, service, partitions } = fieldsOf(shard, ['tenant', 'service', 'partitions'], at);
    const key = shardKey(textOf(tenant, 'tenant', at), textOf(service, 'service', at));
    if (shards.has(key)) throw malformed(at, 'each service of a tenant once');
    shards.set(key, countOf(partitions, at));
  }
  return {
    validFromMs: hourOf(fields['valid-from'], isFirst, place),
    partitionCount: countOf(fields.partitions, place),
    shards,
  };
}

function hourOf(value: unknown, isFirst: boolean, place: Place): number {
  if (isFirst) {
    if (value === undefined) return 0;
    throw malformed(place, 'no valid-from: the first entry serves all times before the second');
  }
  const ms = typeof value === 'string' && HOUR.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(ms)) throw malformed(place, 'valid-from, a whole hour in UTC such as 2026-12-01T10:00:00Z');
  return ms;
}

function countOf(value: unknown, place: Place): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value;
  throw malformed(place, 'partitions, a whole number from 1');
}

function textOf(value: unknown, name: string, place: Place): string {
  if (typeof value === 'string' && value !== '') return value;
  throw malformed(place, `${name}, a text`);
}

function listOf(value: unknown, max: number, place: Place): readonly unknown[] {
  if (Array.isArray(value) && value.length <= max) return value;
  throw malformed(place, `a list of at most ${max}`);
}

function fieldsOf<Name extends string>(
  value: unknown,
  names: readonly Name[],
  place: Place,
): { readonly [Field in Name]?: unknown } {
  const expected = `keys of ${names.join(', ')}`;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(place, expected);
  const known: readonly string[] = names;
  if (Object.keys(value).some((key) => !known.includes(key))) throw malformed(place, expected);
  return value;
}

function parse(text: string, file: string): unknown {
  try {
    return parseYaml(text);
  } catch (cause) {
    throw new FlamelakeError('invalid_argument', 'placement is no yaml', { file, reason: String(cause) }, { cause });
  }
}

function malformed(place: Place, expected: string): FlamelakeError {
  return new FlamelakeError('invalid_argument', 'placement file has the wrong form', { ...place, expected });
}
