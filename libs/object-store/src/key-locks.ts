/** One task a key at a time, in order of arrival. */
export interface KeyLocks {
  run<T>(key: string, task: () => Promise<T>): Promise<T>;
}

export function createKeyLocks(): KeyLocks {
  /** The last task of each key that has any. */
  const lasts = new Map<string, Promise<unknown>>();
  return {
    run(key, task) {
      const before = lasts.get(key) ?? Promise.resolve();
      const done = before.then(task, task);
      lasts.set(key, done);
      const forget = () => {
        if (lasts.get(key) === done) lasts.delete(key);
      };
      done.then(forget, forget);
      return done;
    },
  };
}
