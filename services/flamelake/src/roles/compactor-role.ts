/** Folds, merges and sweeps. */
import { createCompactor } from '@flamelake/compactor';
import type { Role, RoleContext } from './role.ts';

export function startCompactorRole({ options, store, clock, random, logger, metrics }: RoleContext): Role {
  const compactor = createCompactor({
    store,
    clock,
    random,
    logger,
    metrics,
    foldIntervalMs: options['compactor.fold-interval'],
    foldSegments: options['compactor.fold-segments'],
    keepMs: options['compactor.keep'],
  });
  const ending = new AbortController();
  const running = compactor.run(ending.signal);
  return {
    async close() {
      ending.abort();
      await running;
    },
  };
}
