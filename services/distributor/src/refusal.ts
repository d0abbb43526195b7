/** Refusals: why a pushed profile is not taken. The reason is a metric label, and decides the status on `/ingest`. */
import { type ErrorDetails, FlamelakeError } from '@flamelake/model';

/** Reasons a profile is not stored, as the metric `flamelake_discarded_samples_total` names them. */
export type DiscardReason =
  | 'malformed_profile'
  | 'malformed_text'
  | 'invalid_name'
  | 'missing_labels'
  | 'invalid_labels'
  | 'max_label_names_per_series'
  | 'label_name_too_long'
  | 'label_value_too_long'
  | 'duplicate_label_names'
  | 'not_in_ingestion_window'
  | 'profile_size_limit'
  | 'samples_limit'
  | 'sample_labels_limit'
  | 'record_size_limit'
  | 'body_size_limit_exceeded'
  | 'unsupported_format'
  | 'unsupported_encoding'
  | 'rate_limited'
  | 'overloaded'
  | 'negative_value'
  | 'dropped_by_relabel_rules'
  | 'unknown';

/** A refusal that the same request will meet again. Details say limit, value and the key that changes the limit. */
export function refuse(reason: DiscardReason, message: string, details: ErrorDetails = {}): FlamelakeError {
  return new FlamelakeError('invalid_argument', message, { reason, ...details });
}

/** A refusal for now. `retryAfterSeconds` becomes the Retry-After header. */
export function refuseForNow(reason: DiscardReason, message: string, details: ErrorDetails): FlamelakeError {
  return new FlamelakeError('resource_exhausted', message, { reason, ...details });
}

/** Reason of an error thrown on the write path. */
export function discardReason(error: unknown): DiscardReason {
  const reason = error instanceof FlamelakeError ? error.details.reason : undefined;
  return typeof reason === 'string' ? (reason as DiscardReason) : 'unknown';
}
