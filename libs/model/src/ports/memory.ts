/** Memory that work may hold: whoever does the work says what it takes before it does, whoever gave it a share keeps count. */
export interface Memory {
  /** Called before bytes are allocated. @throws {FlamelakeError} `resource_exhausted` when there is no room for them */
  take(bytes: number): void;
  /** What was taken and is let go. */
  give(bytes: number): void;
}

/** Memory of a piece of the work, given back as a whole when the piece is done. */
export interface MemoryScope extends Memory {
  /** Taken and not given back so far. */
  readonly heldBytes: number;
  end(): void;
}

/** For work that nobody bounds. */
export const UNBOUNDED_MEMORY: Memory = { take() {}, give() {} };

/** @returns memory out of `whole` */
export function openMemoryScope(whole: Memory): MemoryScope {
  let heldBytes = 0;
  return {
    take(bytes) {
      whole.take(bytes);
      heldBytes += bytes;
    },
    give(bytes) {
      whole.give(bytes);
      heldBytes -= bytes;
    },
    get heldBytes() {
      return heldBytes;
    },
    end() {
      whole.give(heldBytes);
      heldBytes = 0;
    },
  };
}
