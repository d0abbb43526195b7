/** What the datasource's test pushes, and what is true of it. */
import assert from 'node:assert/strict';
import { pprofOf, type Sample, SPAN } from '../e2e/conformance/world.ts';
import { push } from '../e2e/small-profile.ts';

export const TYPE = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
export const SERVICE = 'checkout';
export const STEP_SECONDS = 15;
const STEP_MS = STEP_SECONDS * 1000;
/** Aligned to nothing but steps, ten minutes ago, ms. */
export const BASE_MS = Math.floor(Date.now() / STEP_MS) * STEP_MS - 600_000;
/** Both ends inclusive, ms. */
export const WINDOW = { start: BASE_MS - 60_000, end: BASE_MS + 120_000 };
export const CALL_SITE = ['main', 'serve'];

interface PushedProfile {
  readonly pod: string;
  readonly timeMs: number;
  readonly samples: readonly Sample[];
}

/** Six profiles of two pods: wide under one frame, with self values on the way, each with a span. */
export const PROFILES: readonly PushedProfile[] = [0, 1, 14_999, 15_000, 15_001, 47_000].map((offsetMs, i) => ({
  pod: i % 2 === 0 ? 'p0' : 'p1',
  timeMs: BASE_MS + offsetMs,
  samples: [
    { frames: ['main'], value: 1_000_003 + i },
    { frames: ['main', 'serve'], value: 2_000_000 * (i + 1), labels: { profile_id: SPAN } },
    ...Array.from({ length: 20 }, (_, k) => ({
      frames: ['main', 'serve', `handle${k}`],
      value: 10_000 * (k + 1) + i,
    })),
    { frames: ['main', 'serve', 'handle3', `query${i}`], value: 5_000_000_000 },
    { frames: ['gc'], value: 700 + i },
  ],
}));

export function totalOf({ samples }: PushedProfile): number {
  return samples.reduce((sum, { value }) => sum + value, 0);
}

/** @returns the token of the last of the pushes */
export async function pushProfiles(url: string, tenant: string): Promise<string> {
  const headers = { 'x-scope-orgid': tenant };
  let commit = '';
  for (const { pod, timeMs, samples } of PROFILES) {
    const labels = { __name__: 'process_cpu', pod, 'k8s.node': `node-${pod}` };
    commit = await push(url, SERVICE, pprofOf('cpu', 'nanoseconds', samples, timeMs), { labels, headers });
  }
  return commit;
}

/** Self values by path, root first; the root's path is empty. */
export function expectedSelfs(isWanted: (sample: Sample) => boolean): Record<string, string> {
  const selfs = new Map<string, number>([['', 0]]);
  for (const { frames, value } of PROFILES.flatMap(({ samples }) => samples).filter(isWanted)) {
    for (let depth = 1; depth <= frames.length; depth++) {
      const path = frames.slice(0, depth).join(';');
      selfs.set(path, (selfs.get(path) ?? 0) + (depth === frames.length ? value : 0));
    }
  }
  return Object.fromEntries([...selfs].map(([path, self]) => [path, String(self)]));
}

/** Time stamp, ms, and value of each step that holds profiles, in order. */
export function expectedPoints(
  isWanted: (profile: PushedProfile) => boolean,
  valueOf: (profile: PushedProfile) => number = totalOf,
): [number, number][] {
  const points = new Map<number, number>();
  for (const profile of PROFILES.filter(isWanted)) {
    const stamp = WINDOW.start + Math.ceil((profile.timeMs - WINDOW.start) / STEP_MS) * STEP_MS;
    points.set(stamp, (points.get(stamp) ?? 0) + valueOf(profile));
  }
  return [...points].sort(([a], [b]) => a - b);
}

interface Metrics {
  readonly series: {
    readonly series: {
      readonly labels?: readonly { readonly name: string; readonly value: string }[];
      readonly points: readonly { readonly timestamp: string; readonly value: number; readonly exemplars?: object[] }[];
    }[];
  };
  readonly cores: readonly (readonly number[])[];
  readonly exemplars: readonly (readonly [string, string])[];
}

interface Heatmap {
  readonly series: {
    readonly slots: {
      readonly timestamp: string;
      readonly counts: number[];
      readonly exemplars: { readonly spanId?: string; readonly profileId?: string; readonly value: string }[];
    }[];
  }[];
}

export interface ReadFlamegraph {
  readonly root: string;
  readonly total: string;
  readonly selfs: Readonly<Record<string, string>>;
  readonly dropped: number;
}

/** What the program prints. */
export interface DatasourceAnswers {
  readonly health: readonly [number, number];
  readonly profileTypes: Readonly<Record<string, string>>;
  readonly labelNames: readonly string[];
  readonly utf8Names: readonly string[];
  readonly labelValues: readonly string[];
  readonly noSuchLabel: readonly string[];
  readonly metrics: Metrics;
  readonly grouped: Metrics;
  readonly limited: Metrics;
  readonly heatmap: Heatmap;
  readonly spanHeatmap: Heatmap;
  readonly profiles: Readonly<Record<string, ReadFlamegraph | null>>;
  readonly errors: readonly { readonly code: string; readonly message: string }[];
  readonly wire: readonly Readonly<Record<string, string | number>>[];
}

/** Points of each series of an answer, by its labels. */
export function pointsOf({ series: { series } }: Metrics): Record<string, [number, number][]> {
  const byLabels = series.map(({ labels = [], points }): [string, [number, number][]] => [
    labels.map(({ name, value }) => `${name}=${value}`).join(),
    points.map(({ timestamp, value }) => [Number(timestamp), value]),
  ]);
  assert.equal(new Set(byLabels.map(([labels]) => labels)).size, byLabels.length);
  return Object.fromEntries(byLabels);
}
