/**
 * How many bytes of blocks each tenant holds by profile time, over all partitions, and up to which hour its profiles have to go so that the
 * rest is within its limit.
 *
 * A dataset counts with its bytes in the block, spread evenly over its profile times (an hour or a day, once merged). What is expired does
 * not count, even where it is still stored; neither does what a pending delete may take away. So the answer depends on what is stored
 * alone, not on who asks or how often: to carry it out changes nothing about it.
 */
import { isBlockSubject } from './pending-deletes.ts';
import type { ExpireBefore } from './row-rules.ts';
import type { BlockEntry, Manifest } from './types.ts';

/** Most bytes of blocks that a tenant may hold; Infinity when there is no limit. */
export type SizeLimit = (tenant: string) => number;

export interface SizeUse {
  /** Counts the blocks of a partition; once each. */
  add(manifest: Manifest): void;
  /**
   * What each tenant holds that has a limit, or had one: its highest cut is to be in all partitions.
   * @param nowMs - ms since 1970; the hour it lies in is not cut, however large it is
   */
  tenants(nowMs: number): readonly TenantUse[];
}

export interface TenantUse {
  readonly tenant: string;
  readonly limitBytes: number;
  /** Of profiles that are not expired. */
  readonly bytes: number;
  /** Profiles before are to go, whole hours, ms since 1970; -Infinity when none is. Never lower than an earlier cut. */
  readonly beforeMs: number;
  /** How many of `bytes` lie before. */
  readonly goesBytes: number;
}

interface Piece {
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly sizeBytes: number;
}

interface Held {
  readonly pieces: Piece[];
  cutMs: number;
}

const HOUR_MS = 3_600_000;

export function createSizeUse(limitOf: SizeLimit, expireBefore: ExpireBefore): SizeUse {
  const held = new Map<string, Held>();
  const heldOf = (tenant: string): Held => {
    let own = held.get(tenant);
    if (own === undefined) held.set(tenant, (own = { pieces: [], cutMs: Number.NEGATIVE_INFINITY }));
    return own;
  };

  function addBlock(manifest: Manifest, block: BlockEntry): void {
    const deletes = manifest.deletes.filter((pending) => isBlockSubject(block, pending));
    for (const { tenant, minTimeMs, maxTimeMs, sizeBytes } of block.datasets) {
      if (limitOf(tenant) === Number.POSITIVE_INFINITY) continue;
      const mayGo = deletes.some((one) => one.tenant === tenant && one.fromMs <= maxTimeMs && one.untilMs > minTimeMs);
      if (!mayGo) heldOf(tenant).pieces.push({ minTimeMs, maxTimeMs, sizeBytes });
    }
  }

  function useOf(tenant: string, { pieces, cutMs }: Held, nowMs: number): TenantUse {
    const limitBytes = limitOf(tenant);
    const expiredMs = Math.max(cutMs, expireBefore(tenant));
    const bytes = bytesFrom(pieces, expiredMs);
    const beforeMs = Math.max(cutMs, bytes > limitBytes ? lowestCut(pieces, expiredMs, limitBytes, nowMs) : cutMs);
    const goesBytes = bytes - bytesFrom(pieces, Math.max(expiredMs, beforeMs));
    return { tenant, limitBytes, bytes, beforeMs, goesBytes };
  }

  return {
    add(manifest) {
      for (const { tenant, beforeMs } of manifest.cuts) {
        const own = heldOf(tenant);
        own.cutMs = Math.max(own.cutMs, beforeMs);
      }
      for (const block of manifest.blocks) addBlock(manifest, block);
    },
    tenants: (nowMs) => [...held].map(([tenant, own]) => useOf(tenant, own, nowMs)),
  };
}

/** The lowest hour from which on no more than the limit is held; the hour of now, where even that is too much. */
function lowestCut(pieces: readonly Piece[], fromMs: number, limitBytes: number, nowMs: number): number {
  const oldestMs = pieces.reduce((oldest, { minTimeMs }) => Math.min(oldest, minTimeMs), nowMs);
  let low = Math.floor(Math.max(fromMs, oldestMs) / HOUR_MS);
  let high = Math.floor(nowMs / HOUR_MS);
  // Above `low` is enough to take away, `high` is as much as may go.
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (bytesFrom(pieces, Math.max(fromMs, middle * HOUR_MS)) <= limitBytes) high = middle;
    else low = middle + 1;
  }
  return high * HOUR_MS;
}

/** Bytes of profiles at or after a time; whole numbers, so that their order does not matter. */
function bytesFrom(pieces: readonly Piece[], fromMs: number): number {
  let bytes = 0;
  for (const { minTimeMs, maxTimeMs, sizeBytes } of pieces) {
    if (fromMs <= minTimeMs) bytes += sizeBytes;
    else if (fromMs <= maxTimeMs) {
      bytes += Math.floor((sizeBytes * (maxTimeMs + 1 - fromMs)) / (maxTimeMs + 1 - minTimeMs));
    }
  }
  return bytes;
}
