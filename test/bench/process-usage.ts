/** What another process uses, as Linux tells it (proc(5)). */
import { readFileSync } from 'node:fs';

/** Clock ticks a second that `/proc` counts in, on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const UTIME_FIELD = 14;

/** User and system CPU time of all threads so far, s. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the command in brackets, which may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[UTIME_FIELD - 3]) + Number(fields[UTIME_FIELD - 2]);
  return ticks / TICKS_PER_SECOND;
}

/** Resident memory now and at its peak, MB of 10^6 bytes. */
export function residentMb(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mb = (name: string) => (Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024) / 1e6;
  return { now: mb('VmRSS'), peak: mb('VmHWM') };
}
