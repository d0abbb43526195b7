/**
 * Finds labels whose values grow without end, such as the id of a request as a label of the series: by tenant and service, how many
 * values each label had of late. What it holds is bounded, whatever is pushed.
 */
import { type Clock, LABEL, type Labels } from '@flamelake/model';
import type { Logger, Metrics } from '@flamelake/runtime';
import type { DemotedLabels } from './policies.ts';
import { createValueCount, type ValueCount } from './value-count.ts';

/** Values are counted over this window and the one before it. */
const WINDOW_MS = 1_800_000;
/** Of all counts; the service that was pushed to least recently is forgotten first. */
const BYTES_MAX = 33_554_432;
/** Labels of one service; further ones are not counted. */
const LABELS_MAX = 256;
/** Of a service without its names. */
const SERVICE_BYTES = 512;
const LIMIT_KEY = 'limits.label-values-max';

/** A series that is stored, before any of its labels is demoted. */
export interface ObservedSeries {
  readonly service: string;
  readonly labels: Labels;
}

export interface RunawayLabels {
  /** @param valuesMax - values of a label within the windows; 0 does not count */
  observe(tenant: string, series: readonly ObservedSeries[], valuesMax: number): void;
  /** What is demoted now of a tenant's services; the same object while it does not change. */
  demotedOf(tenant: string): DemotedLabels;
}

interface Service {
  readonly tenant: string;
  readonly service: string;
  readonly labels: Map<string, ValueCount>;
  readonly demoted: Set<string>;
  windowStartMs: number;
  bytes: number;
}

const NOTHING: DemotedLabels = {};
/** What a series cannot be without, and what tells two processes apart. */
const isKept = (name: string) => name === LABEL.serviceName || name.startsWith('__');

export function createRunawayLabels({
  clock,
  metrics,
  logger,
  bytesMax = BYTES_MAX,
}: {
  clock: Clock;
  metrics: Metrics;
  logger: Logger;
  bytesMax?: number;
}): RunawayLabels {
  /** By age of their last push, the oldest first. */
  const services = new Map<string, Service>();
  const demotedByTenant = new Map<string, DemotedLabels>();
  let bytes = 0;
  metrics.gauge(
    { name: 'distributor_runaway_labels', help: 'Labels that have too many values and are taken off series now.' },
    () => [...services.values()].reduce((sum, { demoted }) => sum + demoted.size, 0),
  );
  metrics.gauge(
    { name: 'distributor_label_counts_bytes', help: 'About what counting values of labels takes.' },
    () => bytes,
  );

  const serviceOf = (tenant: string, service: string): Service => {
    const key = `${tenant}\0${service}`;
    let found = services.get(key);
    if (found === undefined) {
      found = {
        tenant,
        service,
        labels: new Map(),
        demoted: new Set(),
        windowStartMs: clock.monotonicMs(),
        bytes: SERVICE_BYTES + 4 * key.length,
      };
      bytes += found.bytes;
    }
    // The newest is last.
    services.delete(key);
    services.set(key, found);
    return found;
  };

  const publish = ({ tenant }: Service): void => {
    const own = [...services.values()].filter((one) => one.tenant === tenant && one.demoted.size > 0);
    if (own.length === 0) demotedByTenant.delete(tenant);
    else
      demotedByTenant.set(
        tenant,
        Object.fromEntries(own.map(({ service, demoted }) => [service, [...demoted].sort()])),
      );
  };

  const grow = (service: Service, more: number): void => {
    service.bytes += more;
    bytes += more;
  };

  const advance = (service: Service, valuesMax: number): void => {
    const windows = Math.floor((clock.monotonicMs() - service.windowStartMs) / WINDOW_MS);
    if (windows === 0) return;
    service.windowStartMs += windows * WINDOW_MS;
    let isChanged = false;
    for (const [label, count] of service.labels) {
      const before = count.bytes;
      for (let i = 0; i < Math.min(windows, 2); i++) count.advance();
      grow(service, count.bytes - before);
      if (!service.demoted.has(label) || count.estimate() > valuesMax / 2) continue;
      service.demoted.delete(label);
      isChanged = true;
      const { tenant, service: name } = service;
      logger.info('label has fewer values again and joins series', { tenant, service: name, label });
    }
    if (isChanged) publish(service);
  };

  const demote = (service: Service, label: string, values: number, valuesMax: number): void => {
    service.demoted.add(label);
    logger.warn('label has too many values and is taken off series; totals stay', {
      tenant: service.tenant,
      service: service.service,
      label,
      values,
      limit: valuesMax,
      key: LIMIT_KEY,
    });
    publish(service);
  };

  const forgetOldest = (): void => {
    for (const [key, service] of services) {
      if (bytes <= bytesMax || services.size === 1) return;
      services.delete(key);
      bytes -= service.bytes;
      if (service.demoted.size > 0) publish(service);
    }
  };

  return {
    demotedOf: (tenant) => demotedByTenant.get(tenant) ?? NOTHING,
    observe(tenant, series, valuesMax) {
      if (valuesMax === 0) return;
      for (const { service: name, labels } of series) {
        const service = serviceOf(tenant, name);
        advance(service, valuesMax);
        for (const { name: label, value } of labels) {
          if (isKept(label)) continue;
          let count = service.labels.get(label);
          if (count === undefined) {
            if (service.labels.size >= LABELS_MAX) continue;
            count = createValueCount();
            service.labels.set(label, count);
            grow(service, count.bytes);
          }
          const before = count.bytes;
          if (count.add(value) && !service.demoted.has(label)) {
            const values = count.estimate();
            if (values > valuesMax) demote(service, label, values, valuesMax);
          }
          grow(service, count.bytes - before);
        }
      }
      forgetOldest();
    },
  };
}
