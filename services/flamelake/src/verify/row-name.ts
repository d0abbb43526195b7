/** What all rows of one series have in common, as a hash. */
import { type Labels, labelsKey, type ProfileType, profileTypeId } from '@flamelake/model';
import { type Hashes, hashBytes } from './content-hash.ts';

/** @param labels - all labels, those made from type and service included */
export function hashRowName(tenant: string, service: string, type: ProfileType, labels: Labels): Hashes {
  return hashBytes(Buffer.from(JSON.stringify([tenant, service, profileTypeId(type), labelsKey(labels)])));
}
