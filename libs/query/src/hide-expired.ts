/** Retention as queries see it: what is expired is as if it had been deleted, but for what pins exempt. */
import {
  type ExpireBefore,
  type PartitionSnapshot,
  type PendingDelete,
  type Pin,
  type Snapshot,
  withCuts,
} from '@flamelake/catalog';
import { formatSelector, type LabelMatcher, parseSelector } from '@flamelake/model';

/** Ways not to match all pins of one time; more, and nothing of that time is hidden before merges have taken it away. */
const SELECTORS_MAX = 256;

const NEGATION = { '=': '!=', '!=': '=', '=~': '!~', '!~': '=~' } as const;

/** The snapshot without what is expired of the tenants, by time or by size. */
export function hideExpired(snapshot: Snapshot, tenants: readonly string[], expireBefore: ExpireBefore): Snapshot {
  const hide = (partition: PartitionSnapshot): PartitionSnapshot => {
    const { manifest } = partition;
    const cutOf = withCuts(manifest, expireBefore);
    const expired = tenants.flatMap((tenant) => expiredRows(tenant, cutOf(tenant), manifest.pins));
    if (expired.length === 0) return partition;
    return { ...partition, manifest: { ...manifest, deletes: [...manifest.deletes, ...expired] } };
  };
  return { partitions: snapshot.partitions.map(hide) };
}

/** Deletes that match just what is expired: between the ends of pins everything that none of them matches. */
function expiredRows(tenant: string, beforeMs: number, all: readonly Pin[]): PendingDelete[] {
  if (beforeMs === Number.NEGATIVE_INFINITY) return [];
  const pins = all.filter((pin) => pin.tenant === tenant && pin.fromMs < pin.untilMs);
  const edges = pins.flatMap(({ fromMs, untilMs }) => [fromMs, untilMs]).filter((edge) => edge < beforeMs);
  const starts = [...new Set([Number.MIN_SAFE_INTEGER, ...edges])].sort((a, b) => a - b);
  return starts.flatMap((fromMs, i) => {
    const untilMs = starts[i + 1] ?? beforeMs;
    const touching = pins.filter((pin) => pin.fromMs < untilMs && pin.untilMs > fromMs);
    const selectors = [...new Set(touching.map(({ selector }) => selector))];
    return unmatched(selectors.map(parseSelector)).map((matchers) => ({
      id: 'expired',
      tenant,
      selector: formatSelector(matchers),
      fromMs,
      untilMs,
      version: Number.POSITIVE_INFINITY,
      chainEnd: Number.POSITIVE_INFINITY,
    }));
  });
}

/** Selectors that together match what none of the given ones does: of each of these one matcher does not hold. */
function unmatched(selectors: readonly (readonly LabelMatcher[])[]): LabelMatcher[][] {
  let ways: LabelMatcher[][] = [[]];
  for (const matchers of selectors) {
    ways = ways.flatMap((way) => matchers.map((matcher) => [...way, { ...matcher, op: NEGATION[matcher.op] }]));
    if (ways.length > SELECTORS_MAX) return [];
  }
  return ways;
}
