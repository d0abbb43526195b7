/** Recordings of async-profiler, the Java agent and the JDK against what the JDK's own parser finds in them. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { describePprof } from '../describe-pprof.ts';
import { inflate } from '../inflate.ts';
import type { NamedProfile } from '../named-profile.ts';
import { decodeJfr } from './decode-jfr.ts';

const corpus = process.env['FLAMELAKE_CORPUS'] ?? join(import.meta.dirname, '../../../../test/corpus');
const options = { sampleRate: 100, samplesMax: 250_000, stackDepthMax: 1_000 };
const NANOS = 10_000_000n;

interface Metric {
  readonly total: string | number;
  readonly max_depth: number;
  readonly top20_flat?: readonly { readonly name: string; readonly value: number | string }[];
  readonly top20_cum?: readonly { readonly name: string; readonly value: number | string }[];
}

/** Metric of the truth by profile name, sample type and scale. */
const TYPES: Readonly<Record<string, readonly [name: string, type: string, scale: bigint]>> = {
  'jdk.ExecutionSample': ['process_cpu', 'cpu', NANOS],
  'profiler.WallClockSample': ['wall', 'wall', NANOS],
  'jdk.ObjectAllocationInNewTLAB#count': ['memory', 'alloc_in_new_tlab_objects', 1n],
  'jdk.ObjectAllocationInNewTLAB#tlabSize': ['memory', 'alloc_in_new_tlab_bytes', 1n],
  'jdk.ObjectAllocationOutsideTLAB#count': ['memory', 'alloc_outside_tlab_objects', 1n],
  'jdk.ObjectAllocationOutsideTLAB#allocationSize': ['memory', 'alloc_outside_tlab_bytes', 1n],
  'jdk.ObjectAllocationSample#count': ['memory', 'alloc_sample_objects', 1n],
  'jdk.ObjectAllocationSample#weight': ['memory', 'alloc_sample_bytes', 1n],
  'jdk.JavaMonitorEnter#count': ['mutex', 'contentions', 1n],
  'jdk.JavaMonitorEnter#duration': ['mutex', 'delay', 1n],
  'jdk.ThreadPark#count': ['block', 'contentions', 1n],
  'jdk.ThreadPark#duration': ['block', 'delay', 1n],
  'profiler.LiveObject#count': ['memory', 'live', 1n],
  'profiler.Malloc#count': ['memory', 'malloc_objects', 1n],
  'profiler.Malloc#size': ['memory', 'malloc_bytes', 1n],
};

/** The JDK writes dots where the JVM has slashes; both mean the package. */
const dotted = (name: string) => name.replaceAll('/', '.');

function find(profiles: readonly NamedProfile[], name: string, type: string) {
  for (const one of profiles) {
    const at = one.profile.sampleTypes.findIndex((sampleType) => sampleType.type === type);
    if (one.name === name && at >= 0) return { profile: one.profile, at };
  }
  throw new Error(`no profile ${name} ${type}`);
}

function checkFile(path: string, truthPath: string): void {
  const { metrics } = JSON.parse(readFileSync(truthPath, 'utf8')) as { metrics: Readonly<Record<string, Metric>> };
  const profiles = decodeJfr(inflate(readFileSync(path), { bytesMax: 1e9 }), options);
  let checked = 0;
  for (const [metricName, metric] of Object.entries(metrics)) {
    const known = TYPES[metricName];
    if (known === undefined) continue;
    const [name, type, scale] = known;
    const { profile, at } = find(profiles, name, type);
    const summary = describePprof(profile, { rows: 100_000 }).sampleTypes[at];
    assert.equal(summary?.total, BigInt(metric.total) * scale, metricName);
    checked++;
    const flat = new Map(summary.top.map((row) => [dotted(row.name), row.flat]));
    const cum = new Map(summary.topByCum.map((row) => [dotted(row.name), row.cum]));
    for (const row of metric.max_depth > 1_000 ? [] : (metric.top20_flat ?? [])) {
      assert.equal(
        flat.get(dotted(row.name).replace(/^\./, '')),
        BigInt(row.value) * scale,
        `${metricName} ${row.name} flat`,
      );
    }
    for (const row of metric.max_depth > 1_000 ? [] : (metric.top20_cum ?? [])) {
      assert.equal(
        cum.get(dotted(row.name).replace(/^\./, '')),
        BigInt(row.value) * scale,
        `${metricName} ${row.name} cum`,
      );
    }
  }
  assert.ok(checked > 0);
}

for (const folder of ['jfr', 'extracted/java-bank', 'extracted/java-jdk']) {
  const files = existsSync(join(corpus, folder)) ? readdirSync(join(corpus, folder)) : [];
  const skip = files.length > 0 ? false : 'not in this corpus';
  test(`recordings of ${folder} are what their truth says`, { skip }, () => {
    for (const file of files.filter((name) => /\.jfr(\.gz)?$/.test(name))) {
      checkFile(join(corpus, folder, file), join(corpus, 'truth', folder, `${file}.json`));
    }
  });
}

const TICKING =
  'upstream/grafana-pyroscope/pkg/og/convert/jfr/testdata/cortex-dev-01__kafka-0__cpu_lock0_alloc0__0.jfr.gz';
test('durations in ticks of a faster clock become nanoseconds', {
  skip: existsSync(join(corpus, TICKING)) ? false : 'not in this corpus',
}, () => {
  const profiles = decodeJfr(inflate(readFileSync(join(corpus, TICKING)), { bytesMax: 1e9 }), options);
  // Sums of RecordedEvent.getDuration() of the JDK, which rounds both ends of each.
  for (const [name, total] of [
    ['mutex', 1_395_727_371n],
    ['block', 36_035_985n],
  ] as const) {
    const { profile, at } = find(profiles, name, 'delay');
    const { sampleTypes } = describePprof(profile);
    const difference = Number((sampleTypes[at]?.total ?? 0n) - total);
    const events = Number(sampleTypes.find(({ type }) => type === 'contentions')?.total);
    assert.ok(Math.abs(difference) < events, `${name} differs by ${difference} ns in ${events} events`);
  }
});
