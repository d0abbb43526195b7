/** Profiles for profile-guided optimisation: equal samples give equal bytes, and the heaviest stacks stay where all are too many. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { encodePprof } from '@flamelake/formats';
import { FlamelakeError, type ProfileType } from '@flamelake/model';
import { dropLighterStacks, type LocationTree, renderPprof } from '@flamelake/query';

export interface PgoProfile {
  /** Gzipped pprof. */
  readonly bytes: Uint8Array;
  /** Of the samples asked for. */
  readonly total: bigint;
  /** Of those in the profile. */
  readonly kept: bigint;
}

const gzipBytes = promisify(gzip);

/**
 * @param bytesMax - most bytes, gzipped
 * @throws {FlamelakeError} `not_found` when there is no sample, `resource_exhausted` when not even the heaviest stacks fit
 */
export async function pgoProfile(whole: LocationTree, type: ProfileType, bytesMax: number): Promise<PgoProfile> {
  const { total } = whole.stacks;
  if (total === 0n) throw new FlamelakeError('not_found', 'no sample of this type, service and time range is stored');
  let tree = whole;
  while (tree.stacks.total > 0n) {
    // No time of its own: when it was asked for must not change the bytes.
    const bytes = await gzipBytes(encodePprof(renderPprof(tree, { type, startMs: 0, endMs: 0 })));
    if (bytes.length <= bytesMax) return { bytes, total, kept: tree.stacks.total };
    tree = dropLighterStacks(tree);
  }
  throw new FlamelakeError('resource_exhausted', 'profile does not fit; raise max-bytes', { limitBytes: bytesMax });
}
