/**
 * Rules of the protocol, each broken on purpose in the real code. A mutant that no simulation catches means that the simulations
 * do not look where the rule matters. The names are those of the protocol model.
 */
import type { Property } from './violation.ts';

export interface Mutant {
  /** The rule, broken. */
  readonly name: string;
  /** File of libs/catalog/src, or a path from the root. */
  readonly file: string;
  /** Source text that is there exactly once. */
  readonly find: string;
  readonly replace: string;
  /** Named simulation that must catch it. */
  readonly scenario: string;
  /** What it must find broken. */
  readonly property: Property;
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'goes on at `next` without its identities',
    file: 'chain-writer.ts',
    find: 'await addSegment(now.window, segment.block);',
    replace: '',
    scenario: 'rivalIdentities',
    property: 'CHAIN-CONTENT',
  },
  {
    name: 'a seen identity at any offset is a repeat',
    file: 'identity-rules.ts',
    find: 'return seen !== undefined && seen < offset;',
    replace: 'return seen !== undefined;',
    scenario: 'rewindAfterLostPut',
    property: 'CHAIN-CONTENT',
  },
  {
    name: 'a writer left behind goes on where it was',
    file: 'chain-writer.ts',
    find: 'if (!now.links.has(newest.position)) {',
    replace: 'if (false) {',
    scenario: 'writerLeftBehind',
    property: 'STUCK',
  },
  {
    name: 'take-over reads segments only',
    file: 'take-over.ts',
    find: 'await addBlocks(store, window, manifest, manifest.lastAppendMs - windowMs);',
    replace: '',
    scenario: 'takeOverFromBlocks',
    property: 'CHAIN-CONTENT',
  },
  {
    name: 'take-over skips a missing block',
    file: 'take-over.ts',
    find: 'if (isMissingObject(error)) return undefined;\n    throw error;',
    replace: 'if (!isMissingObject(error)) throw error;',
    scenario: 'takeOverDuringSweep',
    property: 'CHAIN-CONTENT',
  },
  {
    name: 'a late copy is judged by the window alone',
    file: 'identity-rules.ts',
    find: 'return appendMs - profileMs > lateAfterMs(rules);',
    replace: 'return false;',
    scenario: 'lateCopy',
    property: 'CHAIN-CONTENT',
  },
  {
    name: 'deleted profiles lose their identities',
    file: 'merge-blocks.ts',
    find: 'builder.addIdentities(columns, isTaken);',
    replace: '',
    scenario: 'resendOfDeleted',
    property: 'CHAIN-CONTENT',
  },
  {
    name: 'a fold applies again while it is not yet past',
    file: 'change.ts',
    find: 'return manifest.position === change.from &&',
    replace: 'return manifest.position < change.block.log.next &&',
    scenario: 'twoFoldsOfOneChain',
    property: 'DOUBLE',
  },
  {
    name: 'a commit ignores the floor',
    file: 'commit-change.ts',
    find: "if (!isAboveFloor(newest, change)) return { outcome: 'lost', reason: 'floor' };",
    replace: '',
    scenario: 'committerAsleepPastSweeps',
    property: 'NEEDED-GONE',
  },
  {
    name: 'a sweep lists before its floor is committed',
    file: 'sweep.ts',
    find: 'const newest = await raiseFloor(context);',
    replace: `const before = await newestManifest(store, root);
      const beforeMs = (await store.nowMs()) - context.keepMs;
      const target = await newestSupersededBefore(store, root, before.floor, beforeMs);
      const listed: string[] = [];
      for await (const key of blocksBelow(store, root, { ...before, floor: target })) listed.push(key);
      const newest = await raiseFloor(context);
      await store.delete(listed);`,
    scenario: 'mergeDuringSweep',
    property: 'NEEDED-GONE',
  },
  {
    name: 'an index page that only older kept versions name is swept',
    file: 'sweep.ts',
    find: 'const needed = new Set([...pages, ...keptDropped(newest)]);',
    replace: 'const needed = pages;',
    scenario: 'pageOfOlderVersion',
    property: 'NEEDED-GONE',
  },
  {
    name: 'blocks that index pages name are swept',
    file: 'sweep.ts',
    find: '...blocks, ...keptDropped(newest)]',
    replace: '...keptDropped(newest)]',
    scenario: 'pageOfOlderVersion',
    property: 'NEEDED-GONE',
  },
  {
    name: 'a commit names an index page below the floor',
    file: 'page-writer.ts',
    find: 'if (key === undefined || versionOfPageKey(key) < manifest.floor) {',
    replace: 'if (key === undefined || versionOfPageKey(key) < 0) {',
    scenario: 'committerWithSweptPages',
    property: 'NEEDED-GONE',
  },
  {
    name: 'an index page that is replaced is not on record as dropped',
    file: 'next-version.ts',
    find: 'if (ref !== undefined && !changed.has(day)) drop([ref.key]);',
    replace: '',
    scenario: 'pageOfOlderVersion',
    property: 'NEEDED-GONE',
  },
  {
    name: 'the floor is the newest version',
    file: 'sweep.ts',
    find: 'const floor = await newestSupersededBefore(store, root, newest.floor, (await store.nowMs()) - keepMs);',
    replace: 'const floor = newest.version + 0 * keepMs;',
    scenario: 'sweepDuringQuery',
    property: 'MISS',
  },
  {
    name: 'kept is the unbroken run of version numbers',
    file: 'take-snapshot.ts',
    find: 'if (later.floor <= manifest.version)',
    replace: `const { readManifest } = await import('./newest-manifest.ts');
      let version = later.version;
      while (version > manifest.version && (await readManifest(store, root, version - 1)) !== undefined) version--;
      if (version === manifest.version)`,
    scenario: 'revivedManifest',
    property: 'STALE',
  },
  {
    name: 'kept is the unbroken run linked by commit ids',
    file: 'take-snapshot.ts',
    find: 'if (later.floor <= manifest.version)',
    replace: `const { readManifest } = await import('./newest-manifest.ts');
      let at = later;
      for (;;) {
        const below = at.version > manifest.version ? await readManifest(store, root, at.version - 1) : undefined;
        if (below === undefined || below.commitIds.at(-1) !== at.commitIds.at(-2)) break;
        at = below;
      }
      if (at.version === manifest.version)`,
    scenario: 'revivedManifest',
    property: 'STALE',
  },
  {
    name: 'a manifest whose key exists counts as kept',
    file: 'take-snapshot.ts',
    find: 'if (later.floor <= manifest.version)',
    replace: `const { readManifest } = await import('./newest-manifest.ts');
      if ((await readManifest(store, root, manifest.version)) !== undefined && later !== undefined)`,
    scenario: 'revivedManifest',
    property: 'STALE',
  },
  {
    name: 'no check after following the chain',
    file: 'take-snapshot.ts',
    find: 'if (later.floor <= manifest.version)',
    replace: 'if (later !== undefined)',
    scenario: 'staleReaderOverFoldedTail',
    property: 'STALE',
  },
  {
    name: 'segments are read by key',
    file: 'follow-chain.ts',
    find: 'return openBlock(objectSource(store, segment));',
    replace: `return store.get(segment.key).then((object) => {
      if (object === undefined) throw new FlamelakeError('not_found', 'segment is gone', { key: segment.key });
      return openBlock(objectSource(store, { key: segment.key, sizeBytes: object.sizeBytes }));
    });`,
    scenario: 'revivedSegment',
    property: 'COUNT',
  },
  {
    name: 'a delete leaves before the blocks it is about',
    file: 'pending-deletes.ts',
    find: 'position >= pending.chainEnd && !blocks',
    replace: 'position >= pending.chainEnd || !blocks',
    scenario: 'deleteOfFolded',
    property: 'LOST-OR-DOUBLE',
  },
  {
    name: 'a delete leaves before its segments are folded',
    file: 'pending-deletes.ts',
    find: 'position >= pending.chainEnd && !blocks',
    replace: 'position >= 0 && !blocks',
    scenario: 'deleteOfSegments',
    property: 'COUNT',
  },
  {
    name: 'a fold passes deletes over',
    file: 'fold-once.ts',
    find: 'rowsOfSegment(manifest, segment);',
    replace: 'undefined; rowsOfSegment;',
    scenario: 'deleteOfSegments',
    property: 'LOST-OR-DOUBLE',
  },
  {
    name: 'a fold of before a delete takes in what came after it',
    file: 'change.ts',
    find: ' && isFoldBeforeDeletes(manifest, change.block);',
    replace: '; isFoldBeforeDeletes;',
    scenario: 'foldAcrossDelete',
    property: 'LOST-OR-DOUBLE',
  },
  {
    name: 'merges pass deletes over',
    file: 'merge-blocks.ts',
    find: 'rowsOfBlock(manifest, entry, expireBefore)]));',
    replace: 'undefined]));',
    scenario: 'deletesAreCarriedOut',
    property: 'COUNT',
  },
  {
    name: 'a delete leaves before it is carried out in any block',
    file: 'pending-deletes.ts',
    find: 'position >= pending.chainEnd && !blocks',
    replace: 'position >= pending.chainEnd || !blocks',
    scenario: 'deletesAreCarriedOut',
    property: 'COUNT',
  },
  {
    name: 'expired blocks take their identities along',
    file: 'expire-once.ts',
    find: 'if (log.lastAppendMs >= lastAppendMs - identityWindowMs) return false;',
    replace: '',
    scenario: 'resendOfExpired',
    property: 'CHAIN-CONTENT',
  },
  {
    name: 'a new log starts without the tail of the old one',
    file: 'take-over.ts',
    find: 'if (beganWithinWindow(manifest, windowMs)) await addOtherLogs(store, root, manifest, window, windowMs);',
    replace: 'void [addOtherLogs, beganWithinWindow];',
    scenario: 'topicRecreated',
    property: 'COUNT',
  },
  {
    name: 'a resend has an identity of its own',
    file: 'services/distributor/src/identity.ts',
    find: "if (!parts.hasClock && parts.sampleId === '')",
    replace: 'if (random !== undefined)',
    scenario: 'topicRecreated',
    property: 'COUNT',
  },
  {
    name: 'results are kept without the id of the store',
    file: 'libs/query/src/execute-cached-task.ts',
    find: 'key: `${storeId}/result/${object.id}/',
    replace: 'key: `result/${object.id}/',
    scenario: 'redisOfAnotherInstallation',
    property: 'COUNT',
  },
  {
    name: 'kept results are sealed with no key',
    file: 'libs/cache/src/sealed-cache.ts',
    find: "createHmac('sha256', secret)",
    replace: "createHmac('sha256', secret.subarray(0, 0))",
    scenario: 'redisOfAnotherInstallation',
    property: 'COUNT',
  },
  {
    name: 'the seal of a kept result does not bind its key',
    file: 'libs/cache/src/sealed-cache.ts',
    find: '.update(head).update(name).update(rest)',
    replace: '.update(rest)',
    scenario: 'redisMixesKeysUp',
    property: 'COUNT',
  },
  {
    name: 'a writer that wakes beside the chain goes on',
    file: 'chain-writer.ts',
    find: 'if (!now.links.has(newest.position)) {',
    replace: 'if (false) {',
    scenario: 'zombieWriterWakes',
    property: 'COUNT',
  },
  {
    name: 'a writer goes on past what its log lost',
    file: 'chain-writer.ts',
    find: 'if (end < position) throw stop(',
    replace: 'if (end < 0) throw stop(',
    scenario: 'brokerLostItsTail',
    property: 'COUNT',
  },
  {
    name: 'the newest entry of the placement table serves all times',
    file: 'services/distributor/src/placement.ts',
    find: 'const epoch = epochAt(table, timeMs);',
    replace: 'const epoch = table.at(-1) ?? epochAt(table, timeMs);',
    scenario: 'placementChanges',
    property: 'COUNT',
  },
];
