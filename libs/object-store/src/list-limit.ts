/** How much one listing answers. */
import { FlamelakeError } from '@flamelake/model';

/** Most keys of one listing: the limit of S3. */
export const LIST_LIMIT_MAX = 1_000;

/** @throws {FlamelakeError} `invalid_argument` when the limit is no whole number in [1, LIST_LIMIT_MAX] */
export function checkListLimit(limit: number): void {
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= LIST_LIMIT_MAX) return;
  throw new FlamelakeError('invalid_argument', 'list limit is out of range', { limit, limitMax: LIST_LIMIT_MAX });
}

/** @throws {FlamelakeError} `invalid_argument` unless the prefix is empty or ends in `/` */
export function checkFolderPrefix(prefix: string): void {
  if (prefix === '' || prefix.endsWith('/')) return;
  throw new FlamelakeError('invalid_argument', 'folder prefix must end in /', { prefix });
}
