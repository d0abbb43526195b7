/**
 * A synthetic week of 40 services and 3 tenants through the real services: what compaction makes of it, and what queries cost on it. The
 * bucket is kept under .cache, by the code that made it; WEEK_DAYS makes another length.
 */
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ObjectStore } from '@flamelake/model';
import { printBar } from './bars.ts';
import { absentFiles } from './sets.ts';
import { ASKED, askWeek, CPU } from './week/ask-week.ts';
import { countSamples } from './week/count-samples.ts';
import { openDirectoryStore } from './week/directory-store.ts';
import { type ByKind, liveByLevel, type MadeWeek, makeWeek, WEEK_SCALE } from './week/make-week.ts';
import { storedByLevel } from './week/stored-by-level.ts';

const ROOT = join(import.meta.dirname, '../..');
const KEPT = join(ROOT, '.cache/week');
/** Whatever of the code a bucket depends on. */
const SOURCES = [
  'libs/{model,formats,block,catalog,testkit}/src/**/*.ts',
  'services/{distributor,segment-writer,compactor}/src/**/*.ts',
  'test/bench/{pushes.ts,sets.ts,sets.json}',
  'test/bench/week/{make-week,week-services,fast-clock,directory-store}.ts',
];
const MB = 1e6;
const KINDS = ['mixed', 'cpu'] as const;

/** The week as this code makes it: one that is kept, or a new one in its place. */
async function week(): Promise<{ made: MadeWeek; store: ObjectStore }> {
  const scale = { ...WEEK_SCALE, days: Number(process.env.WEEK_DAYS ?? WEEK_SCALE.days) };
  const hash = createHash('sha256').update(JSON.stringify([scale, absentFiles()]));
  for (const path of SOURCES.flatMap((pattern) => globSync(pattern, { cwd: ROOT })).sort()) {
    if (!/\.(test|prop\.test|sim\.test)\.ts$/.test(path)) hash.update(readFileSync(join(ROOT, path)));
  }
  const directory = join(KEPT, hash.digest('hex').slice(0, 16));
  const about = join(directory, 'week.json');
  if (!existsSync(about)) {
    rmSync(KEPT, { recursive: true, force: true });
    writeFileSync(about, JSON.stringify(await makeWeek(directory, scale)));
  }
  const made = JSON.parse(readFileSync(about, 'utf8')) as MadeWeek;
  return { made, store: openDirectoryStore(directory, { nowMs: () => made.endMs }) };
}

const { made, store } = await week();
const { scale, profiles, gzipBytes, writtenBytes, counts } = made;
const count = profiles.cpu + profiles.mixed;
console.log(
  `${scale.days} days, ${count} profiles (each service one in ${scale.pushEveryMs / 1_000} s), segments every ` +
    `${scale.flushIntervalMs / 1_000} s, folds every ${scale.foldIntervalMs / 1_000} s; made in ${made.cpuSeconds.toFixed(0)} CPU-s`,
);
const live = await liveByLevel(store);
const liveBytes = live.reduce((sum, { bytes }) => sum + bytes, 0);
const stored = [...made.firstBytes, ...(await storedByLevel(store))];
for (const [level, { blocks, bytes }] of live.entries()) {
  const own: Partial<ByKind> = stored[level] ?? {};
  const ratio = (kind: keyof ByKind) =>
    own[kind] === undefined ? '' : `, ${kind} ${(own[kind] / gzipBytes[kind]).toFixed(3)}`;
  console.log(
    `level ${level}: written ${(writtenBytes[level] / MB).toFixed(1)} MB, live ${blocks} of ${(bytes / MB).toFixed(1)} MB; ` +
      `÷ gzipped pprof${KINDS.map(ratio).join('')}`,
  );
}
const BARS = { mixed: 0.15, cpu: 0.03 };
for (const kind of KINDS) {
  for (const level of [0, 1, 2, 3]) {
    const bytes = stored[level]?.[kind];
    if (bytes === undefined) continue;
    const bar = level === 3 ? { atMost: BARS[kind] } : {};
    printBar({
      bar: `week, level ${level}, ${kind}: ÷ gzipped pprof`,
      value: bytes / gzipBytes[kind],
      unit: '×',
      ...bar,
    });
  }
}
const after = writtenBytes.slice(1).reduce((sum, bytes) => sum + bytes, 0);
printBar({ bar: 'week: written after level 0 ÷ level 0', value: after / writtenBytes[0], unit: '×', atMost: 1.6 });
printBar({ bar: 'week: PUTs per million profiles', value: (counts.puts * 1e6) / count, unit: '' });
printBar({ bar: 'week: peak memory of all roles in one process', value: made.peakMb, unit: 'MB', atMost: 512 });

const { tenant, service } = ASKED;
const samples = {
  'flame graph, 7 d': await countSamples(store, tenant, CPU, service),
  'flame graph, 7 d of all services': await countSamples(store, tenant, CPU),
};
const round = (count: number) => Math.round(count * 10) / 10;
for (const { name, cold, warm, refreshed } of await askWeek(store, made.endMs)) {
  const line = ({ gets, lists, readBytes, cpuMs }: typeof cold) =>
    `${round(gets)} GETs, ${round(lists)} LISTs, ${(readBytes / MB).toFixed(2)} MB, ${cpuMs.toFixed(1)} ms CPU`;
  console.log(`${name}: cold ${line(cold)}; warm ${line(warm)}; a minute later, mean of 15, ${line(refreshed)}`);
  if (name in samples) {
    // Without a bar: a dataset has a 60th of its samples in life, so that this is what opening blocks costs (accumulate.bench.ts has the bar).
    const nanos = (cold.cpuMs * 1e6) / samples[name as keyof typeof samples];
    printBar({ bar: `week, ${name}: cold, CPU a sample`, value: nanos, unit: 'ns' });
  }
  if (name.startsWith('dashboard')) {
    const share = (100 * refreshed.cpuMs) / cold.cpuMs;
    printBar({ bar: `week, ${name}: refreshed, of its cold CPU`, value: share, unit: '%', atMost: 5 });
  }
  if (name === 'flame graph, 7 d') {
    printBar({ bar: `week, ${name}`, value: cold.gets, unit: 'GETs', atMost: 60 });
    printBar({ bar: `week, ${name}`, value: cold.readBytes / MB, unit: 'MB', atMost: 20 });
  }
  if (/^(label names|values of|series of)/.test(name)) {
    const share = (100 * cold.blockBytes) / liveBytes;
    printBar({ bar: `week, ${name}: of block bytes`, value: share, unit: '%', atMost: 1 });
  }
}
