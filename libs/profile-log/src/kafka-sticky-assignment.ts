/** Which member of a group writes which partition: evenly, and as few as can be move. */

export interface GroupMember {
  readonly id: string;
  /** What it was last given, in the generation of the group in which it was. */
  readonly owned: readonly number[];
  readonly generation: number;
}

/**
 * Gives each partition to one member; no member has over one more than another. A member keeps what it owns unless that is
 * more than its share or a member of a later generation owns it too. The same members give the same answer, in any order.
 */
export function assignPartitions(
  members: readonly GroupMember[],
  partitionCount: number,
): ReadonlyMap<string, readonly number[]> {
  const owners = ownersOf(members, partitionCount);
  const kept = new Map(members.map(({ id }) => [id, [] as number[]]));
  for (const [partition, owner] of owners) kept.get(owner)?.push(partition);
  // Those who own most get the larger shares, so that nothing moves without need.
  const byOwned = [...kept].sort(([a, x], [b, y]) => y.length - x.length || compare(a, b));
  const smallShare = Math.floor(partitionCount / Math.max(1, members.length));
  const largeShares = partitionCount - smallShare * members.length;
  const homeless = new Set(Array.from({ length: partitionCount }, (_, partition) => partition));
  const shares = byOwned.map(([id, partitions], i) => {
    const share = smallShare + (i < largeShares ? 1 : 0);
    const stay = partitions.sort((a, b) => a - b).slice(0, share);
    for (const partition of stay) homeless.delete(partition);
    return { id, stay, share };
  });
  const left = [...homeless];
  for (const { stay, share } of shares) stay.push(...left.splice(0, share - stay.length));
  return new Map(shares.map(({ id, stay }) => [id, stay.sort((a, b) => a - b)]));
}

/** Who owns a partition: of several who say so the one of the latest generation, then the first by id. */
function ownersOf(members: readonly GroupMember[], partitionCount: number): ReadonlyMap<number, string> {
  const claims = new Map<number, GroupMember>();
  for (const member of members) {
    for (const partition of member.owned) {
      if (partition < 0 || partition >= partitionCount) continue;
      const other = claims.get(partition);
      const isFirst = other === undefined || isBefore(member, other);
      if (isFirst) claims.set(partition, member);
    }
  }
  return new Map([...claims].map(([partition, { id }]) => [partition, id]));
}

function isBefore(a: GroupMember, b: GroupMember): boolean {
  return a.generation > b.generation || (a.generation === b.generation && a.id < b.id);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
