/** Profiles, samples and exact totals by tenant, service and profile type. */
import { compareBytes } from '@flamelake/model';

/** What is summed up under one name. */
export interface TypeName {
  readonly tenant: string;
  readonly service: string;
  /** Profile type id. */
  readonly type: string;
}

export interface TypeTotal extends TypeName {
  /** Rows: one a profile and label set. */
  profiles: number;
  samples: number;
  /** Exact, beyond int64 where need be. */
  total: bigint;
}

/** Totals by `typeKey`. */
export type Totals = Map<string, TypeTotal>;

export function typeKey({ tenant, service, type }: TypeName): string {
  return JSON.stringify([tenant, service, type]);
}

export function totalOf(totals: Totals, name: TypeName): TypeTotal {
  const key = typeKey(name);
  let sum = totals.get(key);
  if (sum === undefined) {
    sum = { tenant: name.tenant, service: name.service, type: name.type, profiles: 0, samples: 0, total: 0n };
    totals.set(key, sum);
  }
  return sum;
}

export function addTotals(into: Totals, from: Totals): void {
  for (const one of from.values()) {
    const sum = totalOf(into, one);
    sum.profiles += one.profiles;
    sum.samples += one.samples;
    sum.total += one.total;
  }
}

/** By tenant, service and type. */
export function sortedTotals(totals: Totals): TypeTotal[] {
  return [...totals.values()].sort(
    (a, b) => compareBytes(a.tenant, b.tenant) || compareBytes(a.service, b.service) || compareBytes(a.type, b.type),
  );
}
