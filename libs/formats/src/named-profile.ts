/** A profile that says what it is called: what decoders give of formats whose files hold several, or none of pprof's names. */
import type { Label } from '@flamelake/model';
import type { Pprof } from './pprof.ts';

export interface NamedProfile {
  /** Profile name (`__name__`). */
  readonly name: string;
  /** Labels of all its series, besides those the sender gives. */
  readonly labels: readonly Label[];
  readonly profile: Pprof;
}
