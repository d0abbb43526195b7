/** Metrics of the process itself: CPU, memory, event loop, garbage collection. */
import { monitorEventLoopDelay, type PerformanceEntry, PerformanceObserver, performance } from 'node:perf_hooks';
import type { Metrics } from './metrics.ts';

/** How often the event loop's delay is sampled, ms. */
const DELAY_RESOLUTION_MS = 10;
/** Kinds of garbage collection by their number in performance entries (Node's `perf_hooks.constants`). */
const GC_KINDS: Readonly<Record<number, string>> = { 1: 'minor', 2: 'minor', 4: 'major', 8: 'incremental', 16: 'weak' };

/** Declares and feeds the process's metrics. @returns a function that stops feeding them */
export function observeProcess(metrics: Metrics): () => void {
  metrics.counter(
    { name: 'process_cpu_seconds_total', help: 'User and system CPU time used since the start, in seconds.' },
    () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
  );
  metrics.gauge({ name: 'process_uptime_seconds', help: 'Time since the process started.' }, () => process.uptime());
  metrics.gauge({ name: 'process_resident_memory_bytes', help: 'Resident memory.' }, () => process.memoryUsage.rss());
  metrics.gauge(
    { name: 'process_heap_used_bytes', help: 'Used JavaScript heap.' },
    () => process.memoryUsage().heapUsed,
  );
  metrics.gauge(
    { name: 'process_array_buffer_bytes', help: 'Memory of array buffers, outside the heap.' },
    () => process.memoryUsage().arrayBuffers,
  );
  const stopLoop = observeEventLoop(metrics);
  const stopCollections = observeCollections(metrics);
  return () => {
    stopLoop();
    stopCollections();
  };
}

function observeEventLoop(metrics: Metrics): () => void {
  const delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  delay.enable();
  const seconds = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - DELAY_RESOLUTION_MS / 1000);
  metrics.gauge(
    {
      name: 'event_loop_lag_seconds',
      help: 'How much later than due the event loop ran its timers since the last scrape.',
      labels: ['quantile'],
    },
    () => {
      if (delay.count === 0) return [];
      const lags = [
        { labels: { quantile: '0.5' }, value: seconds(delay.percentile(50)) },
        { labels: { quantile: '0.99' }, value: seconds(delay.percentile(99)) },
        { labels: { quantile: '1' }, value: seconds(delay.max) },
      ];
      delay.reset();
      return lags;
    },
  );
  let before = performance.eventLoopUtilization();
  metrics.gauge(
    { name: 'event_loop_utilization_ratio', help: 'Busy share of the event loop since the last scrape.' },
    () => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      return utilization;
    },
  );
  return () => delay.disable();
}

/** A performance entry of type `gc`, whose detail the general type lacks. */
interface CollectionEntry extends PerformanceEntry {
  readonly detail: { readonly kind: number };
}

function observeCollections(metrics: Metrics): () => void {
  const seconds = metrics.histogram({
    name: 'garbage_collection_seconds',
    help: 'Pauses of garbage collection.',
    labels: ['kind'],
  });
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { detail } = entry as CollectionEntry;
      seconds.observe(entry.duration / 1000, { kind: GC_KINDS[detail.kind] ?? 'other' });
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return () => observer.disconnect();
}
