/** PromQL over metrics that there are: a name that docs/metrics.md does not have is an error, and so is a label. */
import { readFileSync } from 'node:fs';

export interface Metrics {
  /** `name{selector}`, for a gauge or a counter's raw value. */
  value(name: string, matchers?: string): string;
  /** Sum of increases a second, of a counter, by labels. */
  rate(name: string, by?: readonly string[], matchers?: string): string;
  /** Increase of a counter, summed by labels. */
  increase(name: string, window: string, by?: readonly string[], matchers?: string): string;
  /** A histogram's quantile. */
  quantile(q: number, name: string, by?: readonly string[], matchers?: string): string;
  /** Observations a second of a histogram that are at most so much: one of its buckets' edges. */
  below(name: string, edge: string, by?: readonly string[]): string;
  /** Observations a second of a histogram. */
  count(name: string, by?: readonly string[], matchers?: string): string;
}

interface Declared {
  readonly kind: string;
  readonly labels: readonly string[];
}

/** Labels that Prometheus gives. */
const OF_TARGETS = ['namespace', 'job', 'pod', 'instance', 'le'];
const ROW = /^\| `flamelake_([a-z_0-9]+)` \| (\w+) \| ([^|]*) \|/gm;

export function readDeclared(): ReadonlyMap<string, Declared> {
  const page = readFileSync('docs/metrics.md', 'utf8');
  return new Map(
    [...page.matchAll(ROW)].map(([, name, kind, labels]) => [name, { kind, labels: labels.trim().split(', ') }]),
  );
}

/**
 * @param scope - matchers that every selector gets
 * @param window - of rates
 */
export function promql(declared: ReadonlyMap<string, Declared>, scope: string, window: string): Metrics {
  const select = (name: string, kinds: readonly string[], by: readonly string[], matchers: string, suffix = '') => {
    const found = declared.get(name);
    if (found === undefined) throw new Error(`there is no metric flamelake_${name}`);
    if (!kinds.includes(found.kind))
      throw new Error(`flamelake_${name} is a ${found.kind}, not a ${kinds.join(' or ')}`);
    for (const label of [...by, ...[...matchers.matchAll(/(\w+)(?==|!=|=~)/g)].map(([, label]) => label)]) {
      if (!found.labels.includes(label) && !OF_TARGETS.includes(label))
        throw new Error(`flamelake_${name} has no label ${label}`);
    }
    const all = [scope, matchers].filter((part) => part !== '').join(',');
    return `flamelake_${name}${suffix}${all === '' ? '' : `{${all}}`}`;
  };
  const sumBy = (by: readonly string[]) => (by.length === 0 ? 'sum' : `sum by (${by.join(', ')})`);
  return {
    value: (name, matchers = '') => select(name, ['gauge', 'counter'], [], matchers),
    rate: (name, by = [], matchers = '') =>
      `${sumBy(by)} (rate(${select(name, ['counter'], by, matchers)}[${window}]))`,
    increase: (name, over, by = [], matchers = '') =>
      `${sumBy(by)} (increase(${select(name, ['counter'], by, matchers)}[${over}]))`,
    quantile: (q, name, by = [], matchers = '') =>
      `histogram_quantile(${q}, ${sumBy([...by, 'le'])} (rate(${select(name, ['histogram'], by, matchers, '_bucket')}[${window}])))`,
    below: (name, edge, by = []) =>
      `${sumBy(by)} (rate(${select(name, ['histogram'], by, `le="${edge}"`, '_bucket')}[${window}]))`,
    count: (name, by = [], matchers = '') =>
      `${sumBy(by)} (rate(${select(name, ['histogram'], by, matchers, '_count')}[${window}]))`,
  };
}
