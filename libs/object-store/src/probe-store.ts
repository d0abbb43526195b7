/** Probes of an object store: does put-if-absent hold (INV-1), and does the store work at all. */
import { FlamelakeError, type ObjectStore, type Random } from '@flamelake/model';
import { randomHex } from '@flamelake/runtime';

/** Races held, and writers in each. */
const ROUNDS = 5;
const WRITERS = 8;
const PREFIX = 'probes/';
const LOOK_AT =
  'conditional writes (S3 and Azure: If-None-Match, GCS: ifGenerationMatch) of the bucket, its gateway or proxy';

/**
 * Races put-if-absent on fresh keys: each round must have exactly one winner, and hold the winner's bytes.
 * @throws {FlamelakeError} `failed_precondition` when the store lets two writers make one object, or loses one;
 * whatever the store throws when it does not answer
 */
export async function probePutIfAbsent(store: ObjectStore, random: Random): Promise<void> {
  for (let round = 1; round <= ROUNDS; round++) {
    const key = `${PREFIX}${randomHex(random, 16)}`;
    try {
      await race(store, random, key, round);
    } finally {
      await store.delete([key]);
    }
  }
}

async function race(store: ObjectStore, random: Random, key: string, round: number): Promise<void> {
  const bodies = Array.from({ length: WRITERS }, () => random.bytes(32));
  const answers = await Promise.all(bodies.map((body) => store.putIfAbsent(key, body)));
  const winners = answers.filter((answer) => answer === 'created').length;
  // A last writer, after all others: a store that checks, then writes may well refuse those that come together.
  const late = await store.putIfAbsent(key, random.bytes(32));
  const kept = await store.get(key);
  const winner = bodies[answers.indexOf('created')];
  const isKept = kept !== undefined && winner !== undefined && Buffer.compare(kept.bytes, winner) === 0;
  if (winners === 1 && late === 'exists' && isKept) return;
  throw new FlamelakeError('failed_precondition', 'object store does not keep put-if-absent: one writer must win', {
    round,
    writers: WRITERS,
    winners: late === 'created' ? winners + 1 : winners,
    isWinnerKept: isKept,
    lookAt: LOOK_AT,
  });
}

/**
 * Writes, reads and deletes an object: what readiness rests on.
 * @throws {FlamelakeError} `data_loss` when other bytes come back, or whatever the store throws
 */
export async function probeReadWrite(store: ObjectStore, random: Random): Promise<void> {
  const key = `${PREFIX}${randomHex(random, 16)}`;
  const body = random.bytes(32);
  try {
    await store.put(key, body);
    const kept = await store.get(key);
    if (kept === undefined || Buffer.compare(kept.bytes, body) !== 0) {
      throw new FlamelakeError('data_loss', 'object store gives back other bytes than were put', { key });
    }
  } finally {
    await store.delete([key]);
  }
}
