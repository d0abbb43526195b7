import type { Random } from '@flamelake/model';

/** 32 lower-case hex digits: the id of a block or a commit. */
export function randomId(random: Random): string {
  return Buffer.from(random.bytes(16)).toString('hex');
}
