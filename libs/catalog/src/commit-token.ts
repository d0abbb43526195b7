/**
 * The read-your-writes token: which offsets a push went to, sealed, because offsets tell the volume of all tenants.
 *
 * Sealed bytes: log id (length and text), count, then partition and last offset of each, all numbers varints.
 */
import { ByteReader, ByteWriter } from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';
import { type StoreKeys, seal, unseal } from './seal.ts';

export interface CommitToken {
  readonly logId: string;
  /** Last offset by partition. */
  readonly offsets: ReadonlyMap<number, number>;
}

const PURPOSE = 'commit-token';

/** Writes a token as text fit for a header. */
export function sealCommitToken(keys: StoreKeys, token: CommitToken): string {
  const writer = new ByteWriter();
  writer.text(token.logId);
  writer.varint(token.offsets.size);
  for (const [partition, offset] of [...token.offsets].sort(([a], [b]) => a - b)) {
    writer.varint(partition);
    writer.varint(offset);
  }
  return seal(keys, PURPOSE, writer.view());
}

/** @throws {FlamelakeError} `invalid_argument` when the text is no token of this store */
export function unsealCommitToken(keys: StoreKeys, sealed: string): CommitToken {
  const reader = new ByteReader(unseal(keys, PURPOSE, sealed));
  try {
    const logId = reader.text();
    const offsets = new Map<number, number>();
    for (let left = reader.count(2); left > 0; left--) offsets.set(reader.varint(), reader.varint());
    return { logId, offsets };
  } catch (cause) {
    throw new FlamelakeError('invalid_argument', 'commit token cannot be read', {}, { cause });
  }
}
