/** Which roles a target means. What only one of them needs is imported only for it. */
import type { ProfileLog } from '@flamelake/model';
import type { OpenedStore, Role, RoleContext, StorelessContext } from './role.ts';

/**
 * @param openStore - opens the object store; not called for a role that needs none
 * @returns roles in the order in which they are to be closed
 */
export async function startRoles(
  surroundings: StorelessContext,
  openStore: () => Promise<OpenedStore>,
): Promise<readonly Role[]> {
  const { target } = surroundings.options;
  if (target === 'scraper') {
    return [await (await import('./scraper-role.ts')).startScraperRole(surroundings, undefined)];
  }
  const context = { ...surroundings, ...(await openStore()) };
  switch (target) {
    case 'all':
      return (await import('./all-roles.ts')).startAllRoles(context);
    case 'distributor':
      return startSharedDistributor(context);
    case 'segment-writer':
      return startSharedWriter(context);
    case 'query-frontend':
      return (await import('./query-frontend-role.ts')).startQueryFrontendRole(context);
    case 'querier':
      return [await (await import('./querier-role.ts')).startQuerierRole(context)];
    case 'compactor':
      return [await (await import('./compactor-role.ts')).startCompactorRole(context)];
  }
}

async function startSharedDistributor(context: RoleContext): Promise<readonly Role[]> {
  const { startDistributorRole } = await import('./distributor-role.ts');
  const log = await sharedLog(context);
  return [await startDistributorRole(context, log), logRole(log)];
}

async function startSharedWriter(context: RoleContext): Promise<readonly Role[]> {
  const { startSegmentWriterRole } = await import('./segment-writer-role.ts');
  const log = await sharedLog(context);
  return [await startSegmentWriterRole(context, log), logRole(log)];
}

async function sharedLog(context: RoleContext): Promise<ProfileLog> {
  const { openSharedLog } = await import('./kafka-log.ts');
  return context.patience.until('profile log', () => openSharedLog(context));
}

/** Ready when the log answers; whoever waits for an answer waits no longer than `/ready` does. */
function logRole(log: ProfileLog): Role {
  return { trouble: () => troubleOf(log.bounds(0)), close: () => log.close() };
}

async function troubleOf(attempt: Promise<unknown>): Promise<string | undefined> {
  try {
    await attempt;
    return undefined;
  } catch (error) {
    return `the profile log does not answer: ${String(error)}`;
  }
}
