/** Numbers with units that people read: 1.2 GiB, 340 ms, 2.5 cores. */

import type { AxisUnit } from '../chart/axis-marks.ts';

const SECONDS: readonly (readonly [number, string])[] = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
  [1e-3, 'ms'],
  [1e-6, 'µs'],
  [1e-9, 'ns'],
];
const BYTES: readonly (readonly [number, string])[] = [
  [2 ** 40, 'TiB'],
  [2 ** 30, 'GiB'],
  [2 ** 20, 'MiB'],
  [2 ** 10, 'KiB'],
  [1, 'B'],
];
const COUNTS: readonly (readonly [number, string])[] = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
  [1, ''],
];

export interface TypeParts {
  readonly name: string;
  readonly sampleType: string;
  readonly unit: string;
}

export function partsOf(profileTypeId: string): TypeParts {
  const [name = '', sampleType = '', unit = ''] = profileTypeId.split(':');
  return { name, sampleType, unit };
}

/** What people call a profile type. */
export function typeWords(profileTypeId: string): string {
  const { name, sampleType } = partsOf(profileTypeId);
  return `${name} · ${sampleType}`;
}

/** A sum of values of a profile type's unit. */
export function formatValue(value: number, unit: string): string {
  if (unit === 'nanoseconds') return scaled(value / 1e9, SECONDS);
  if (unit === 'microseconds') return scaled(value / 1e6, SECONDS);
  if (unit === 'milliseconds') return scaled(value / 1e3, SECONDS);
  if (unit === 'seconds') return scaled(value, SECONDS);
  if (unit === 'bytes') return scaled(value, BYTES);
  return scaled(value, COUNTS);
}

/** Types whose values are states, not work done: a point is what it is, not so much a second. */
const STATES = new Set(['inuse_space', 'inuse_objects', 'goroutine', 'goroutines', 'live', 'threads']);

export function isState(profileTypeId: string): boolean {
  return STATES.has(partsOf(profileTypeId).sampleType);
}

/** A point of a series: work done in a step as a rate; time spent as cores. */
export function formatPoint(value: number, profileTypeId: string, stepSeconds: number): string {
  const { unit } = partsOf(profileTypeId);
  if (isState(profileTypeId)) return formatValue(value, unit);
  const rate = value / stepSeconds;
  if (unit === 'nanoseconds') return formatCores(rate / 1e9);
  return `${formatValue(rate, unit)}/s`;
}

/** Below a hundredth in thousandths, as CPU is requested. */
function formatCores(cores: number): string {
  if (cores !== 0 && Math.abs(cores) < 0.01) return `${trimmed(cores * 1_000)} mcores`;
  return cores === 1 ? '1 core' : `${trimmed(cores)} cores`;
}

/** What reads as 1 where points are shown by `formatPoint`, and how its multiples go. */
export function pointUnit(profileTypeId: string, stepSeconds: number): AxisUnit {
  const { unit } = partsOf(profileTypeId);
  const step = isState(profileTypeId) ? 1 : stepSeconds;
  return { one: unit === 'nanoseconds' ? step * 1e9 : step, base: unit === 'bytes' ? 2 : 10 };
}

export function formatShare(part: number, whole: number): string {
  if (whole === 0) return '0%';
  const percent = (100 * part) / whole;
  return `${percent >= 10 || percent === 0 ? percent.toFixed(1) : percent.toPrecision(2)}%`;
}

function scaled(value: number, scale: readonly (readonly [number, string])[]): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  const [factor, unit] = scale.find(([one]) => size >= one) ?? scale[scale.length - 1] ?? [1, ''];
  return unit === '' ? trimmed(value / factor) : `${trimmed(value / factor)} ${unit}`;
}

function trimmed(value: number): string {
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return value.toFixed(0);
  return size >= 10 ? value.toFixed(1) : value.toFixed(size >= 0.01 || size === 0 ? 2 : 4);
}
