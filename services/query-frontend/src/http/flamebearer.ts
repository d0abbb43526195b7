/** Flame graphs as flamebearer JSON, version 1: plain numbers, exact whatever their size. */
import { type ProfileType, parseProfileTypeId } from '@flamelake/model';
import { createPacer } from '../api/pacer.ts';
import type { Flamegraph, FlamegraphDiff } from '../queries.ts';

/** Sample types counted in objects, whatever unit they have. */
const OBJECTS = new Set(['inuse_objects', 'alloc_objects', 'goroutine', 'goroutines', 'samples']);
const NANOSECONDS_A_SECOND = 1_000_000_000;
const SAMPLE_RATE_DEFAULT = 100;

/**
 * The whole document.
 * @param extras - further members, each valid JSON
 */
export async function flamebearerJson(
  graph: Flamegraph | FlamegraphDiff,
  profileTypeId: string,
  extras: Readonly<Record<string, string>>,
): Promise<string> {
  const isDiff = 'leftTicks' in graph;
  const sides: Readonly<Record<string, string>> = isDiff
    ? { leftTicks: String(graph.leftTicks), rightTicks: String(graph.rightTicks) }
    : {};
  return object({
    version: '1',
    flamebearer: object({
      names: JSON.stringify(graph.names),
      levels: await levelsJson(graph.levels),
      numTicks: String(graph.total),
      maxSelf: String(graph.maxSelf),
    }),
    metadata: JSON.stringify({
      format: isDiff ? 'double' : 'single',
      spyName: '',
      ...unitsOf(parseProfileTypeId(profileTypeId)),
    }),
    ...sides,
    ...extras,
  });
}

function unitsOf({ sampleType, sampleUnit }: ProfileType) {
  const isTime = sampleType === 'cpu' && sampleUnit === 'nanoseconds';
  const units = OBJECTS.has(sampleType) ? 'objects' : sampleType === 'cpu' ? 'samples' : sampleUnit;
  return { sampleRate: isTime ? NANOSECONDS_A_SECOND : SAMPLE_RATE_DEFAULT, units, name: sampleType };
}

async function levelsJson(levels: readonly BigInt64Array[]): Promise<string> {
  const pace = createPacer();
  const written: string[] = [];
  let bytes = 0;
  for (const values of levels) {
    const level = `[${values.join(',')}]`;
    written.push(level);
    bytes += level.length;
    await pace(bytes);
  }
  return `[${written.join(',')}]`;
}

/** Members in their order; values are JSON already. */
export function object(members: Readonly<Record<string, string>>): string {
  return `{${Object.entries(members)
    .map(([name, json]) => `${JSON.stringify(name)}:${json}`)
    .join(',')}}`;
}
