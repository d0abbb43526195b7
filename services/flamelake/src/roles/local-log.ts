/** The profile log of the embedded server: files in the data directory. */
import { followChain, newestManifest, type PartitionRoot } from '@flamelake/catalog';
import type { ObjectStore, ProfileLog } from '@flamelake/model';
import { openFileLog } from '@flamelake/profile-log';
import { nodeFileSystem } from '@flamelake/runtime';
import type { RoleContext } from './role.ts';

/** Largest log record, 12 MiB: the segment made of it alone must stay below the 16 MiB of a put-if-absent. */
const RECORD_BYTES_MAX = 12_582_912;

export function openLocalLog(context: RoleContext): Promise<ProfileLog> {
  const { options, store, clock, random, logger, metrics, patience, onFatal } = context;
  return openFileLog({
    directory: `${options['data.directory']}/log`,
    fileSystem: nodeFileSystem,
    clock,
    random,
    onFatal,
    minimumEnd: (logId) => patience.until('object store', () => chainEnd(store, { logId, partition: 0 })),
    logger,
    metrics,
    diskBytesMax: options['profile-log.size-max'],
    recordBytesMax: RECORD_BYTES_MAX,
  });
}

/** First offset that no segment of the chain covers. */
async function chainEnd(store: ObjectStore, root: PartitionRoot): Promise<number> {
  const { position } = await newestManifest(store, root);
  let end = position;
  for await (const segment of followChain(store, root, position)) end = segment.info.log.next;
  return end;
}
