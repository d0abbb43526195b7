/**
 * Sees every object that comes and goes, and says at once when a property of the protocol is broken.
 * It knows the chain as it was linked and the versions as they were committed, whatever is deleted or revived later.
 */
import { parseBlock } from '@flamelake/block';
import {
  blocksPrefix,
  decodeManifest,
  EMPTY_MANIFEST,
  isMissingObject,
  keysInPages,
  type Manifest,
  manifestKey,
  manifestsPrefix,
  type PartitionRoot,
  pagesPrefix,
  positionOfSegmentKey,
  rowsOfBlock,
  segmentKey,
  segmentsPrefix,
  versionOfBlockKey,
  versionOfManifestKey,
  versionOfPageKey,
  withBlocks,
} from '@flamelake/catalog';
import type { SimulatedStore, StoreEffect } from '@flamelake/testkit';
import type { ReadRows } from './block-rows.ts';
import { type LogTruth, type Rows, rowsDiffer } from './log-truth.ts';
import { Violation } from './violation.ts';

export interface Observer {
  /** End of the chain: every offset below is in exactly one linked segment. */
  readonly chainEnd: number;
  /** The newest version committed. */
  readonly newest: Manifest;
  /** Positions of the chain, 0 and the end of each linked segment. */
  readonly links: ReadonlySet<number>;
  /** Checks what happened since the last call. */
  check(): Promise<void>;
  /** Keys below the floor that no kept version needs: what sweeps must have deleted. */
  garbage(): string[];
}

interface Linked {
  readonly next: number;
  readonly etag: string;
}

interface Committed {
  /** All blocks named by the manifest itself. */
  readonly manifest: Manifest;
  readonly pages: ReadonlySet<string>;
  readonly etag: string;
}

export function createObserver(
  store: SimulatedStore,
  root: PartitionRoot,
  truth: LogTruth,
  readRows: ReadRows,
): Observer {
  const effects: StoreEffect[] = [];
  store.onEffect((effect) => effects.push(effect));
  const chain = new Map<number, Linked>();
  const links = new Set([0]);
  const versions = new Map<number, Committed>();
  let chainEnd = 0;
  let newest: Manifest = EMPTY_MANIFEST;

  const etagOf = (key: string) => store.objects.get(key)?.etag;

  /** Links what continues the chain: segments may have been put before the one that leads to them. */
  async function followLinks(): Promise<void> {
    for (;;) {
      const key = segmentKey(root, chainEnd);
      const object = store.objects.get(key);
      if (object === undefined) return;
      const block = parseBlock(object.body, key);
      const { next } = block.info.log;
      const difference = rowsDiffer(await readRows(block), truth.rows(chainEnd, next));
      if (difference !== undefined)
        throw new Violation('CHAIN-CONTENT', `segment [${chainEnd}, ${next}) ${difference}`);
      chain.set(chainEnd, { next, etag: object.etag });
      links.add(next);
      chainEnd = next;
    }
  }

  async function liveRows(manifest: Manifest): Promise<Rows> {
    const sum = new Map<string, bigint>();
    for (const entry of manifest.blocks) {
      const { key } = entry;
      const object = store.objects.get(key);
      if (object === undefined) {
        throw new Violation(
          'NEEDED-GONE',
          `version ${manifest.version} is committed and its block ${key} is not there`,
        );
      }
      const keep = rowsOfBlock(manifest, entry);
      for (const [row, total] of await readRows(parseBlock(object.body, key), keep)) {
        if (sum.has(row)) throw new Violation('DOUBLE', `version ${manifest.version} holds ${row} in two blocks`);
        sum.set(row, total);
      }
    }
    return sum;
  }

  /** What a version names, its index pages included. */
  async function whole(named: Manifest): Promise<Omit<Committed, 'etag'>> {
    try {
      const { pages } = await keysInPages(store.truth, named);
      return { manifest: await withBlocks(store.truth, named), pages };
    } catch (error) {
      if (!isMissingObject(error)) throw error;
      throw new Violation('NEEDED-GONE', `version ${named.version} is committed without a page`, { cause: error });
    }
  }

  async function commit(key: string, version: number): Promise<void> {
    const object = store.objects.get(key);
    if (object === undefined) return;
    const { manifest, pages } = await whole(decodeManifest(object.body, key));
    if (version !== newest.version + 1) throw new Violation('POSITION', `version ${version} follows ${newest.version}`);
    const before = newest;
    newest = manifest;
    versions.set(version, { manifest, pages, etag: object.etag });
    if (!links.has(manifest.position) || manifest.position < before.position) {
      throw new Violation('POSITION', `version ${version} goes from ${before.position} to ${manifest.position}`);
    }
    truth.noteCommit(manifest.commitIds.at(-1), version, before.position);
    const expected = truth.rowsAt(version, manifest.position);
    const difference = rowsDiffer(await liveRows(manifest), expected, truth.mayLack);
    if (difference !== undefined) throw new Violation('LOST-OR-DOUBLE', `version ${version} ${difference}`);
  }

  /** Every key that a kept version needs, with the tag it must have. */
  function needed(): Map<string, string | undefined> {
    const keys = new Map<string, string | undefined>();
    for (let version = newest.floor; version <= newest.version; version++) {
      const committed = versions.get(version);
      const { blocks, position } = committed?.manifest ?? EMPTY_MANIFEST;
      if (committed !== undefined) keys.set(manifestKey(root, version), committed.etag);
      for (const { key } of blocks) keys.set(key, undefined);
      for (const key of committed?.pages ?? []) keys.set(key, undefined);
      for (let at = position; at < chainEnd; at = chain.get(at)?.next ?? chainEnd) {
        keys.set(segmentKey(root, at), chain.get(at)?.etag);
      }
    }
    return keys;
  }

  function checkNeeded(why: string): void {
    for (const [key, etag] of needed()) {
      const found = etagOf(key);
      if (found === undefined) throw new Violation('NEEDED-GONE', `${key} is needed and gone: ${why}`);
      if (etag !== undefined && found !== etag) throw new Violation('NEEDED-GONE', `${key} is another object: ${why}`);
    }
  }

  return {
    get chainEnd() {
      return chainEnd;
    },
    get newest() {
      return newest;
    },
    links,
    async check() {
      for (const { kind, key, process } of effects.splice(0)) {
        const isManifest = key.startsWith(manifestsPrefix(root));
        if (kind === 'created' && key.startsWith(segmentsPrefix(root)) && positionOfSegmentKey(key) === chainEnd) {
          await followLinks();
        }
        if (kind === 'created' && isManifest && versionOfManifestKey(key) > newest.version) {
          await commit(key, versionOfManifestKey(key));
        }
        if (kind === 'deleted' || isManifest) checkNeeded(`${process} ${kind} ${key}`);
      }
    },
    garbage() {
      const keys = needed();
      const { floor } = newest;
      const position = versions.get(floor)?.manifest.position ?? 0;
      const isBelow = (key: string) =>
        (key.startsWith(segmentsPrefix(root)) && positionOfSegmentKey(key) < position) ||
        (key.startsWith(manifestsPrefix(root)) && versionOfManifestKey(key) < floor) ||
        (key.startsWith(blocksPrefix(root)) && versionOfBlockKey(key) < floor) ||
        (key.startsWith(pagesPrefix(root)) && versionOfPageKey(key) < floor);
      return [...store.objects.keys()].filter((key) => isBelow(key) && !keys.has(key));
    },
  };
}
