/** Splits a profile that is larger than a log record. */
import type { ProfileRecord } from '@flamelake/formats';
import { partIdentity } from './identity.ts';
import { recordBytesBound } from './record-bytes.ts';
import { refuse } from './refusal.ts';

/**
 * @param encode - encodes the profiles of one record; called only when the profile's bound is over `bytesMax`
 * @returns the profile, or parts of it with halves of its label sets, each with an identity of its own, that fit a record
 * @throws {FlamelakeError} `invalid_argument` when one label set alone does not fit
 */
export function splitToFit(
  profile: ProfileRecord,
  bytesMax: number,
  encode: (profiles: readonly ProfileRecord[]) => Uint8Array,
): ProfileRecord[] {
  if (recordBytesBound(profile) <= bytesMax) return [profile];
  const bytes = encode([profile]).length;
  if (bytes <= bytesMax) return [profile];
  const { groups, identity } = profile;
  if (groups.length < 2) {
    throw refuse('record_size_limit', 'profile is larger than a record of the profile log: send fewer samples in one', {
      tenant: profile.tenant,
      limitBytes: bytesMax,
      bytes,
    });
  }
  const half = groups.length >> 1;
  return [groups.slice(0, half), groups.slice(half)].flatMap((part, index) =>
    splitToFit({ ...profile, groups: part, identity: partIdentity(identity, index) }, bytesMax, encode),
  );
}
