/** What a tenant wants done to its profiles beside limits. Plain data: it goes to other threads. */
import type { RelabelRule } from '@flamelake/model';

/** Of the profiles whose series a selector matches, what part keeps its stacks. */
export interface SamplingRule {
  /** As in a query; `__name__` is the profile's name. */
  readonly selector: string;
  /** In [0, 1]. */
  readonly probability: number;
}

export interface Policies {
  /** Applied to every series, sample labels included, before its labels are validated. */
  readonly relabelRules: readonly RelabelRule[];
  /** Applied to every sample type, which they see as `__type__` and `__unit__` beside the labels as pushed. */
  readonly sampleTypeRules: readonly RelabelRule[];
  /** The first that matches decides; without one everything is kept. */
  readonly samplingRules: readonly SamplingRule[];
}

export const NO_POLICIES: Policies = { relabelRules: [], sampleTypeRules: [], samplingRules: [] };

/** By service: names of labels that have too many values and leave its series. */
export type DemotedLabels = Readonly<Record<string, readonly string[]>>;
