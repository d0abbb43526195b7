/**
 * The profile log: where a push becomes durable. Kafka, or a local file.
 * Offsets count records of one partition from 0; an offset once given is never given again.
 */

/** A record as read back. */
export interface LogRecord {
  readonly offset: number;
  /** When the log appended it, by the log's clock, ms since 1970; never decreases along a partition. */
  readonly appendMs: number;
  /** Valid until the next read of the same partition. */
  readonly value: Uint8Array;
  /** What `append` was given, where the log keeps it. */
  readonly traceparent?: string;
}

/** Where a record went. */
export interface Appended {
  readonly offset: number;
  readonly appendMs: number;
}

/** First and next offset a partition holds: `[start, end)`; `start` moves up when the log is trimmed. */
export interface LogBounds {
  readonly start: number;
  readonly end: number;
}

export interface ProfileLog {
  /** Incarnation of the log: a log made anew has another id, and so a root of its own in the store. */
  readonly id: string;
  readonly partitionCount: number;
  /** Largest record accepted, bytes. */
  readonly recordBytesMax: number;
  /**
   * Appends a record. Resolves when it is durable, not before.
   * @param traceparent - W3C trace context of the profiles; a log may forget it
   * @throws {FlamelakeError} `resource_exhausted` when the log is full or its queue is, `unavailable` when it does not answer
   */
  append(partition: number, value: Uint8Array, traceparent?: string): Promise<Appended>;
  /**
   * Reads durable records from `fromOffset` on, in order. Waits up to `waitMs` for the first one; an empty answer is no end.
   * @throws {FlamelakeError} `out_of_range` when `fromOffset` is below the start or above the end of the log
   */
  read(
    partition: number,
    fromOffset: number,
    options: { bytesMax: number; waitMs: number; signal?: AbortSignal },
  ): Promise<readonly LogRecord[]>;
  /** First offset kept and next offset to be written, durable ones only. */
  bounds(partition: number): Promise<LogBounds>;
  /** Forgets records below `beforeOffset`; a hint, and a no-op where the log trims itself. */
  trim(partition: number, beforeOffset: number): Promise<void>;
  close(): Promise<void>;
}
