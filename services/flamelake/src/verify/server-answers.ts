/**
 * What a server answered, kept until the store has been read. Each answer says of which snapshot it is, and so up to which
 * offset of each partition it counts: the store is summed up to just there, however it grows meanwhile.
 */
import type { NamedPartition, PartitionRoot } from '@flamelake/catalog';
import { type TypeName, typeKey } from './totals.ts';

/** One answer about a service and profile type of a tenant. */
export interface ServerAnswer extends TypeName {
  /** `refused`: the total leaves int64, says the server. */
  readonly value: { readonly total: bigint } | { readonly mean: number } | 'refused' | 'unlisted';
  /** End of the chain it has read, by `rootKey`. */
  readonly ends: ReadonlyMap<string, number>;
}

export interface ServerAnswers {
  readonly count: number;
  all(): Iterable<ServerAnswer>;
  add(answer: ServerAnswer): void;
  /** Notes that a tenant was asked for all it has. */
  addTenant(tenant: string, ends: ReadonlyMap<string, number>): void;
  /** Answers about a name. One that the server did not list of a tenant it was asked about has an `unlisted` answer. */
  of(name: TypeName): readonly ServerAnswer[];
}

export function rootKey({ logId, partition }: PartitionRoot): string {
  return `${logId}/${partition}`;
}

export function endsOf(partitions: readonly NamedPartition[]): ReadonlyMap<string, number> {
  return new Map(partitions.map(({ root, next }) => [rootKey(root), next]));
}

export function createServerAnswers(): ServerAnswers {
  const byName = new Map<string, ServerAnswer[]>();
  const tenants = new Map<string, ReadonlyMap<string, number>>();
  let count = 0;
  return {
    get count() {
      return count;
    },
    *all() {
      for (const answers of byName.values()) yield* answers;
    },
    add(answer) {
      const key = typeKey(answer);
      byName.set(key, [...(byName.get(key) ?? []), answer]);
      count++;
    },
    addTenant: (tenant, ends) => void tenants.set(tenant, ends),
    of(name) {
      const known = byName.get(typeKey(name));
      if (known !== undefined) return known;
      const ends = tenants.get(name.tenant);
      if (ends === undefined) return [];
      const unlisted: ServerAnswer[] = [{ ...name, value: 'unlisted', ends }];
      byName.set(typeKey(name), unlisted);
      return unlisted;
    },
  };
}
