/** What the store holds of each log offset, as counts and a hash: enough to compare it with the log without keeping either. */
import { type Hashes, hashBytes } from './content-hash.ts';

/** What is known of one offset. */
export interface OffsetDigest {
  /** Profiles, by identities. */
  readonly profiles: number;
  /** Profile rows: one a profile, label set and profile type. */
  readonly rows: number;
  /** Sums of words of the identities and of the rows' hashes. */
  readonly low: number;
  readonly high: number;
}

/** A record kept raw. */
export interface QuarantinedDigest {
  readonly sizeBytes: number;
  readonly hash: Hashes;
}

export interface OffsetDigests {
  /** First offset that is compared. */
  readonly from: number;
  /** Offsets from here on are not compared: memory is bounded. */
  readonly until: number;
  /** Notes a profile, whose identity begins at `at`; offsets outside `[from, until)` are passed over. */
  addProfile(offset: number, identities: Uint8Array, at: number): void;
  addRow(offset: number, hash: Hashes): void;
  addQuarantined(offset: number, value: Uint8Array): void;
  at(offset: number): OffsetDigest;
  quarantined(offset: number): QuarantinedDigest | undefined;
  clear(): void;
}

/** Most offsets compared: 128 MiB of memory. */
const OFFSETS_MAX = 8_388_608;
const CHUNK_OFFSETS = 65_536;
/** Words of an offset: profiles, rows, and the two of the hash. */
const WORDS = 4;

export function createOffsetDigests(from: number): OffsetDigests {
  const until = from + OFFSETS_MAX;
  const chunks = new Map<number, Uint32Array>();
  const quarantine = new Map<number, QuarantinedDigest>();

  /** Adds to the words of an offset. */
  const add = (offset: number, profiles: number, rows: number, low: number, high: number): void => {
    if (offset < from || offset >= until) return;
    const number = Math.floor((offset - from) / CHUNK_OFFSETS);
    let chunk = chunks.get(number);
    if (chunk === undefined) {
      chunk = new Uint32Array(CHUNK_OFFSETS * WORDS);
      chunks.set(number, chunk);
    }
    const at = ((offset - from) % CHUNK_OFFSETS) * WORDS;
    chunk[at] += profiles;
    chunk[at + 1] += rows;
    chunk[at + 2] += low;
    chunk[at + 3] += high;
  };

  return {
    from,
    until,
    addProfile: (offset, identities, at) => add(offset, 1, 0, wordAt(identities, at), wordAt(identities, at + 8)),
    addRow: (offset, hash) => add(offset, 0, 1, hash[0], hash[1]),
    addQuarantined(offset, value) {
      if (offset < from || offset >= until) return;
      quarantine.set(offset, { sizeBytes: value.length, hash: hashBytes(value) });
    },
    at(offset) {
      const chunk = chunks.get(Math.floor((offset - from) / CHUNK_OFFSETS));
      if (chunk === undefined) return { profiles: 0, rows: 0, low: 0, high: 0 };
      const at = ((offset - from) % CHUNK_OFFSETS) * WORDS;
      return { profiles: chunk[at], rows: chunk[at + 1], low: chunk[at + 2], high: chunk[at + 3] };
    },
    quarantined: (offset) => quarantine.get(offset),
    clear() {
      chunks.clear();
      quarantine.clear();
    },
  };
}

/** Four bytes as a little-endian word: enough of an identity, which is a hash or random. */
export function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}
