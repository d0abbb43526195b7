/** Remembers what was made for each name, so that it is made once; what failed is made again when it is asked for again. */
export function createOnce<Name>(): {
  <T>(name: Name, make: () => Promise<T>): Promise<T>;
  has(name: Name): boolean;
} {
  const made = new Map<Name, Promise<unknown>>();
  const once = <T>(name: Name, make: () => Promise<T>): Promise<T> => {
    const known = made.get(name) as Promise<T> | undefined;
    if (known !== undefined) return known;
    const promise = make();
    made.set(name, promise);
    promise.catch(() => made.delete(name));
    return promise;
  };
  return Object.assign(once, { has: (name: Name) => made.has(name) });
}
