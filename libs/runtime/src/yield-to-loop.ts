/** Gives the event loop a turn in the middle of long work: timers, sockets and other requests go on. */
export function yieldToLoop(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
