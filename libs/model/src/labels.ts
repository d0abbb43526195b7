/**
 * Labels of a series: name and value pairs, unique names, sorted by the UTF-8 bytes of the name.
 * Names beginning with two underscores are private: made by the server from the profile type.
 */

/** One label. */
export interface Label {
  readonly name: string;
  readonly value: string;
}

/** A label set, sorted by name, names unique. */
export type Labels = readonly Label[];

/** Names with a meaning of their own. */
export const LABEL = {
  serviceName: 'service_name',
  metricName: '__name__',
  type: '__type__',
  unit: '__unit__',
  periodType: '__period_type__',
  periodUnit: '__period_unit__',
  profileType: '__profile_type__',
  privateServiceName: '__service_name__',
  delta: '__delta__',
  sessionId: '__session_id__',
  /** Only in answers to queries of several tenants. */
  tenantId: '__tenant_id__',
} as const;

/** Orders two strings by their UTF-8 bytes (code point order; `<` on JS strings compares UTF-16 units). */
export function compareBytes(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // Surrogates sort above all other units, as the code points they stand for do.
    const xKey = x >= 0xd800 && x <= 0xdfff ? x + 0x10000 : x;
    const yKey = y >= 0xd800 && y <= 0xdfff ? y + 0x10000 : y;
    return xKey - yKey;
  }
  return a.length - b.length;
}

/** Sorts by name; of equal names the last one stays. */
export function sortLabels(labels: Iterable<Label>): Label[] {
  const byName = new Map<string, Label>();
  for (const label of labels) byName.set(label.name, label);
  return [...byName.values()].sort((a, b) => compareBytes(a.name, b.name));
}

/** Value of a label, `''` when the set lacks it: to a selector both are the same. */
export function labelValue(labels: Labels, name: string): string {
  for (const label of labels) if (label.name === name) return label.value;
  return '';
}

/** A string equal for equal label sets and different for different ones. */
export function labelsKey(labels: Labels): string {
  return JSON.stringify(labels.map((label) => [label.name, label.value]));
}
