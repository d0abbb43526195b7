/** One profile on its way in, the same for `/ingest` and Push. */
import type { Label } from '@flamelake/model';
import type { SampleTypeConfig } from './ingest/profile-name.ts';

export interface IncomingProfile {
  readonly tenant: string;
  /** Series labels as sent, sorted, names unique, `service_name` present. */
  readonly labels: readonly Label[];
  /** pprof as sent: gzip or plain. */
  readonly payload: Uint8Array;
  /** Id of a Push sample, `''` for none. */
  readonly sampleId: string;
  /** Stands in for a time the payload lacks, ms since 1970; undefined is now. */
  readonly startMs: number | undefined;
  /** Client library, whose known faults are mended; `''` for Push. */
  readonly spyName: string;
  /** How the profile gets its name when the labels do not carry it. */
  readonly profileName: { readonly sampleTypeConfig: SampleTypeConfig | undefined } | undefined;
}
