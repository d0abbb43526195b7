/** Keeps one message from filling the log: so many lines of it in a while, then only their number. */

/** Lines of one message in a window; a burst is shown, a loop is not. */
const LINES_MAX = 20;
const WINDOW_MS = 10_000;
/** Messages are constants in the code; more than these are not told apart in time. */
const MESSAGES_MAX = 1_024;

interface Window {
  sinceMs: number;
  lines: number;
}

/**
 * @param nowMs - monotonic
 * @returns a function that says of a line how many of its message were left out since the last one that was written, or undefined
 * when it is to be left out itself
 */
export function createLineLimit(nowMs: () => number): (message: string) => number | undefined {
  const windows = new Map<string, Window>();
  return (message) => {
    const now = nowMs();
    const window = windows.get(message);
    if (window === undefined) {
      if (windows.size >= MESSAGES_MAX) windows.clear();
      windows.set(message, { sinceMs: now, lines: 1 });
      return 0;
    }
    if (now - window.sinceMs < WINDOW_MS) return ++window.lines <= LINES_MAX ? 0 : undefined;
    const suppressed = Math.max(0, window.lines - LINES_MAX);
    window.sinceMs = now;
    window.lines = 1;
    return suppressed;
  };
}
