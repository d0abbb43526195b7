/** Answers queries with queriers in other processes. */
import { FlamelakeError } from '@flamelake/model';
import { createFanOut } from '@flamelake/query-frontend/fan-out';
import { parseAddressSource } from '@flamelake/rpc/internal';
import { fanOutLimits } from '../options/query-fan-out-settings.ts';
import { startQueryRole } from './query-role.ts';
import type { Role, RoleContext } from './role.ts';

export function startQueryFrontendRole(context: RoleContext): readonly Role[] {
  const { options, clock, random, logger, metrics, internalTls, tracing } = context;
  const queriers = options['query-frontend.queriers'];
  if (queriers === '') {
    throw new FlamelakeError('invalid_argument', 'query-frontend needs queriers', {
      option: 'query-frontend.queriers',
    });
  }
  const fanOut = createFanOut({
    queriers: parseAddressSource(queriers),
    lookupIntervalMs: options['query-frontend.lookup-interval'],
    limits: fanOutLimits(options),
    ...(internalTls !== undefined && { tls: internalTls }),
    clock,
    random,
    logger,
    metrics,
    trace: tracing.current,
  });
  const fanOutRole: Role = {
    trouble: async () => ((await fanOut.isReady()) ? undefined : `no querier answers at ${queriers}`),
    close: () => fanOut.close(),
  };
  return [
    startQueryRole(context, fanOut.execute, { tasksInFlight: options['query-frontend.query-tasks-max'] }),
    fanOutRole,
  ];
}
