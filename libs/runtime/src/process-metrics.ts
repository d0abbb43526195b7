/** Metrics of the process itself: CPU, memory, event loop, garbage collection. */
import { monitorEventLoopDelay, type PerformanceEntry, PerformanceObserver, performance } from 'node:perf_hooks';
import type { Metrics } from './metrics.ts';

/** How often the event loop's delay is sampled, ms. */
const DELAY_RESOLUTION_MS = 10;
/** Scrapes do not reset the delay, so that any number of them see the same; time does. */
const DELAY_WINDOW_MS = 15_000;
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

/** The delay since a while: two windows overlap, and the one that is read is always between one and two spans long. */
function observeEventLoop(metrics: Metrics): () => void {
  const windows = [0, 1].map(() => monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS }));
  for (const window of windows) window.enable();
  const rotation = setInterval(() => {
    const [oldest] = windows.splice(0, 1);
    oldest.reset();
    windows.push(oldest);
  }, DELAY_WINDOW_MS).unref();
  const seconds = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - DELAY_RESOLUTION_MS / 1000);
  metrics.gauge(
    {
      name: 'event_loop_lag_seconds',
      help: 'How much later than due the event loop ran its timers in the last 15 to 30 s.',
      labels: ['quantile'],
    },
    () => {
      const [delay] = windows;
      if (delay.count === 0) return [];
      return [
        { labels: { quantile: '0.5' }, value: seconds(delay.percentile(50)) },
        { labels: { quantile: '0.99' }, value: seconds(delay.percentile(99)) },
        { labels: { quantile: '1' }, value: seconds(delay.max) },
      ];
    },
  );
  metrics.counter(
    { name: 'event_loop_busy_seconds_total', help: 'Time the event loop was not waiting for events.' },
    () => performance.eventLoopUtilization().active / 1000,
  );
  return () => {
    clearInterval(rotation);
    for (const window of windows) window.disable();
  };
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
