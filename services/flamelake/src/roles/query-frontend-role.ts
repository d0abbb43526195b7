/** Answers queries with queriers in other processes. */
import { FlamelakeError } from '@flamelake/model';
import { createFanOut } from '@flamelake/query-frontend/fan-out';
import { parseAddressSource } from '@flamelake/rpc/internal';
import { startQueryRole } from './query-role.ts';
import type { Role, RoleContext } from './role.ts';

export function startQueryFrontendRole(context: RoleContext): readonly Role[] {
  const { options, clock, random, logger, metrics } = context;
  const queriers = options['query-frontend.queriers'];
  if (queriers === '') {
    throw new FlamelakeError('invalid_argument', 'query-frontend needs queriers', {
      option: 'query-frontend.queriers',
    });
  }
  const fanOut = createFanOut({ queriers: parseAddressSource(queriers), clock, random, logger, metrics });
  const fanOutRole: Role = {
    trouble: async () => (fanOut.isReady() ? undefined : `no querier is known at ${queriers}`),
    close: () => fanOut.close(),
  };
  return [startQueryRole(context, fanOut.execute), fanOutRole];
}
