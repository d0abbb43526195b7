/** Label validation: names and values within the limits, unique, valid UTF-8, with a service and a profile name. */
import { LABEL, type Label } from '@flamelake/model';
import { type IngestLimits, LIMIT_KEYS } from './limits.ts';
import { type DiscardReason, refuse } from './refusal.ts';

/**
 * @param labels - labels of a stored series; in any order
 * @param countLimit - which limit their number has
 * @throws {FlamelakeError} `invalid_argument` with reason, limit, value, tenant and key
 */
export function validateLabels(
  labels: readonly Label[],
  tenant: string,
  limits: IngestLimits,
  countLimit: 'seriesLabelsMax' | 'resourceLabelsMax' = 'seriesLabelsMax',
): void {
  if (labels.length > limits[countLimit]) {
    throw refuse('max_label_names_per_series', 'series has too many labels', {
      tenant,
      limit: limits[countLimit],
      value: labels.length,
      key: LIMIT_KEYS[countLimit],
    });
  }
  const names = new Set<string>();
  for (const { name, value } of labels) {
    if (name === '' || !name.isWellFormed()) {
      throw refuse('invalid_labels', 'label name must be valid UTF-8 and not empty', { tenant, name });
    }
    if (!value.isWellFormed()) {
      throw refuse('invalid_labels', 'label value must be valid UTF-8', { tenant, name });
    }
    checkBytes('label_name_too_long', 'label name is too long', name, name, 'labelNameBytesMax', tenant, limits);
    checkBytes('label_value_too_long', 'label value is too long', name, value, 'labelValueBytesMax', tenant, limits);
    if (names.has(name)) throw refuse('duplicate_label_names', 'label name occurs twice', { tenant, name });
    names.add(name);
  }
}

/** @throws {FlamelakeError} `invalid_argument` when the series has no `__name__` */
export function requireProfileName(labels: readonly Label[], tenant: string): string {
  const name = labels.find((label) => label.name === LABEL.metricName)?.value ?? '';
  if (name === '') {
    throw refuse('invalid_labels', 'series needs a label __name__, as in process_cpu or memory', { tenant });
  }
  return name;
}

function checkBytes(
  reason: DiscardReason,
  message: string,
  name: string,
  text: string,
  limit: 'labelNameBytesMax' | 'labelValueBytesMax',
  tenant: string,
  limits: IngestLimits,
): void {
  // UTF-8 takes at most three bytes a UTF-16 unit: short texts need no count.
  if (text.length * 3 <= limits[limit]) return;
  const bytes = Buffer.byteLength(text);
  if (bytes <= limits[limit]) return;
  throw refuse(reason, message, {
    tenant,
    name: name.slice(0, 128),
    limitBytes: limits[limit],
    bytes,
    key: LIMIT_KEYS[limit],
  });
}
