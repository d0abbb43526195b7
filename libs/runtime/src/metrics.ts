/** Metrics of a process, over prom-client: declared once with help and labels, written as Prometheus text. */
import { FlamelakeError } from '@flamelake/model';
import {
  AggregatorRegistry,
  type MetricObjectWithValues,
  type MetricValue,
  Counter as PromCounter,
  Gauge as PromGauge,
  Histogram as PromHistogram,
  Registry,
} from 'prom-client';

export type LabelValues = Readonly<Record<string, string | number>>;

/** What a metric is, said once. */
export interface MetricDeclaration {
  /** Snake case, without the prefix `flamelake_`; ends with its unit, counters in `_total`. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

export interface MetricInfo extends MetricDeclaration {
  readonly kind: 'counter' | 'gauge' | 'histogram';
}

export interface Counter {
  add(value?: number, labels?: LabelValues): void;
}

export interface Gauge {
  set(value: number, labels?: LabelValues): void;
  add(value: number, labels?: LabelValues): void;
}

export interface Histogram {
  observe(value: number, labels?: LabelValues): void;
}

/** One value of a metric with labels. */
export interface LabelledValue {
  readonly labels: LabelValues;
  readonly value: number;
}

/** Metrics of one process. Declaring the same metric again gives the same one; declaring it otherwise is an error. */
export interface Metrics {
  /** `read`, when given, is asked for the count so far at each scrape. */
  counter(declaration: MetricDeclaration, read?: () => number): Counter;
  /** `read`, when given, is asked at each scrape: for the value, or for a value by labels. */
  gauge(declaration: MetricDeclaration, read?: () => number | readonly LabelledValue[]): Gauge;
  /** `buckets` are ascending upper edges; `SECONDS_BUCKETS` by default. */
  histogram(declaration: MetricDeclaration, buckets?: readonly number[]): Histogram;
  /** Everything declared, by name. */
  list(): readonly MetricInfo[];
  /** Values as they are now, to be sent to another thread. */
  snapshot(): Promise<MetricsSnapshot>;
  /** Prometheus text format 0.0.4. `others` are snapshots of other threads; what several count is added up. */
  text(others?: readonly MetricsSnapshot[]): Promise<string>;
  readonly contentType: string;
}

/** All metrics of one thread; cloneable. */
export type MetricsSnapshot = readonly MetricObjectWithValues<MetricValue<string>>[];

export const METRIC_PREFIX = 'flamelake_';

/** Upper edges for durations in seconds, 0.5 ms to 60 s. */
export const SECONDS_BUCKETS: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];
/** Upper edges for sizes in bytes, 256 B to 1 GiB. */
export const BYTES_BUCKETS: readonly number[] = Array.from({ length: 12 }, (_, i) => 256 * 4 ** i);

const NAME = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;

export function createMetrics(): Metrics {
  const registry = new Registry();
  const infos = new Map<string, MetricInfo>();
  const made = new Map<string, unknown>();

  const declare = <T>(kind: MetricInfo['kind'], declaration: MetricDeclaration, make: () => T): T => {
    const info = { ...declaration, labels: declaration.labels ?? [], kind };
    const known = infos.get(info.name);
    if (known !== undefined) {
      if (JSON.stringify(known) === JSON.stringify(info)) return made.get(info.name) as T;
      throw new FlamelakeError('internal', 'metric is declared twice, differently', { name: info.name });
    }
    if (!NAME.test(info.name) || info.name.startsWith(METRIC_PREFIX)) {
      throw new FlamelakeError('internal', 'metric name must be snake case without the prefix', { name: info.name });
    }
    const metric = make();
    infos.set(info.name, info);
    made.set(info.name, metric);
    return metric;
  };
  const settings = (declaration: MetricDeclaration) => ({
    name: METRIC_PREFIX + declaration.name,
    help: declaration.help,
    labelNames: [...(declaration.labels ?? [])],
    registers: [registry],
  });

  return {
    counter: (declaration, read) =>
      declare('counter', declaration, (): Counter => {
        const collect = () => {
          if (read === undefined) return;
          inner.reset();
          inner.inc(read());
        };
        const inner: PromCounter = new PromCounter({ ...settings(declaration), collect });
        return { add: (value = 1, labels = {}) => inner.inc(labels, value) };
      }),
    gauge: (declaration, read) =>
      declare('gauge', declaration, (): Gauge => {
        const collect = () => {
          if (read === undefined) return;
          // What is no longer answered is no longer so: a partition that went to another process, say.
          inner.reset();
          const answer = read();
          if (typeof answer === 'number') inner.set(answer);
          else for (const { labels, value } of answer) inner.set(labels, value);
        };
        const inner: PromGauge = new PromGauge({ ...settings(declaration), collect });
        return {
          set: (value, labels = {}) => inner.set(labels, value),
          add: (value, labels = {}) => inner.inc(labels, value),
        };
      }),
    histogram: (declaration, buckets = SECONDS_BUCKETS) =>
      declare('histogram', declaration, (): Histogram => {
        const inner = new PromHistogram({ ...settings(declaration), buckets: [...buckets] });
        return { observe: (value, labels = {}) => inner.observe(labels, value) };
      }),
    list: () => [...infos.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    snapshot: () => registry.getMetricsAsJSON(),
    text: async (others = []) => {
      if (others.length === 0) return registry.metrics();
      return AggregatorRegistry.aggregate(
        [await registry.getMetricsAsJSON(), ...others].map((one) => [...one]),
      ).metrics();
    },
    contentType: registry.contentType,
  };
}
