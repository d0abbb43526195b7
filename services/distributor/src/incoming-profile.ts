/** One profile on its way in, the same for `/ingest` and Push. */
import type { StackFormat } from '@flamelake/formats';
import type { Label } from '@flamelake/model';
import type { SampleTypeConfig } from './ingest/profile-name.ts';

/** What the payload is, and what is known of it from outside. Plain data: it goes to another thread. */
export type ProfileSource =
  | {
      readonly format: 'pprof';
      /** The labels carry the profile's name; else it is chosen by sample types, and how the client wants those shown. */
      readonly isNamed: boolean;
      readonly sampleTypeConfig: SampleTypeConfig | undefined;
    }
  | {
      readonly format: 'jfr';
      /** Hz. */
      readonly sampleRate: number;
      /** Labels of contexts as sent: gzip or plain; empty for none. */
      readonly labels: Uint8Array;
    }
  | {
      readonly format: StackFormat;
      /** What values count. */
      readonly kind: string;
      /** Hz. */
      readonly sampleRate: number;
      /** The format as the client stated it, for messages. */
      readonly sentAs: string;
    };

export interface IncomingProfile {
  readonly tenant: string;
  /** Series labels as sent, sorted, names unique, `service_name` present. */
  readonly labels: readonly Label[];
  /** As sent: gzip or plain. */
  readonly payload: Uint8Array;
  /** Id of a Push sample, `''` for none. */
  readonly sampleId: string;
  /** Stands in for a time the payload lacks, ms since 1970; undefined is now. */
  readonly startMs: number | undefined;
  /** Stands in for a duration that formats other than pprof lack. */
  readonly durationMs: number;
  /** Client library, whose known faults are mended; `''` for Push. */
  readonly spyName: string;
  readonly source: ProfileSource;
}
