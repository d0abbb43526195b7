/** A cache of bytes by key. It may forget anything, be slow or be down: it changes latency, never an answer. */
export interface Cache {
  /** @returns undefined on a miss, an error or a timeout */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Stores a copy; never throws. */
  set(key: string, value: Uint8Array): Promise<void>;
  close(): Promise<void>;
}
