/** A store whose operations are given up when the compactor ends: what was not committed by then never counts. */
import { shareCatalog } from '@flamelake/catalog';
import { FlamelakeError, type ObjectStore } from '@flamelake/model';

/** @throws {FlamelakeError} `canceled`, from every operation, once the signal aborts. Whether one was carried out is not known then. */
export function storeUntil(store: ObjectStore, signal: AbortSignal): ObjectStore {
  const until = <T>(operation: () => Promise<T>) => unlessAborted(signal, operation);
  const view: ObjectStore = {
    putIfAbsent: (key, body) => until(() => store.putIfAbsent(key, body)),
    put: (key, body) => until(() => store.put(key, body)),
    get: (key, range, own) => until(() => store.get(key, range, own ?? signal)),
    list: (prefix, options) => until(() => store.list(prefix, options)),
    listFolders: (prefix) => until(() => store.listFolders(prefix)),
    delete: (keys) => until(() => store.delete(keys)),
    nowMs: () => until(() => store.nowMs()),
    close: () => store.close(),
  };
  shareCatalog(view, store);
  return view;
}

/** Waits for work no longer than until the signal aborts. @throws {FlamelakeError} `canceled` */
export async function unlessAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  throwIfEnding(signal);
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(ending());
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work(), ended]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** @throws {FlamelakeError} `canceled` */
export function throwIfEnding(signal: AbortSignal): void {
  if (signal.aborted) throw ending();
}

function ending(): FlamelakeError {
  return new FlamelakeError('canceled', 'compactor ends');
}
