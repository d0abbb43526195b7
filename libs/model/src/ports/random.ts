/** Randomness, as everything but runtime sees it: cryptographic in production, seeded in simulations. */
export interface Random {
  /** `count` random bytes, owned by the caller. */
  bytes(count: number): Uint8Array;
  /** A number in [0, 1). */
  fraction(): number;
}
