/**
 * Deletes and pins as JSON over plain HTTP: one path an action, POST, one message each way.
 *
 *     /api/v1/delete    {selector, startMs?, endMs?, all?, by?, commit?} → {id, snapshot}; behind a push, when its token is sent; all takes
 *                                                                         uploaded files with it
 *                       {…, dryRun: true}                                → {profiles, rows, bytes, objects, isComplete}
 *     /api/v1/pin       {selector, startMs?, endMs?, by?}                → {id, snapshot}
 *     /api/v1/unpin     {id, by?}                                        → {snapshot}
 *     /api/v1/changes   {startMs?, endMs?}                               → {records, hasOlder, pins, deletes}
 *     /api/v1/retention {sizeBytes?}                                     → {bytes, limitBytes, expiresBytes, expiresBeforeMs}
 *
 * `snapshot` names one that has the change, as X-Flamelake-Snapshot of an answer does: answers from it, or from later ones, heed the change.
 */
import {
  type CommitToken,
  changeData,
  changeRecords,
  type DataChange,
  type DataChangeContext,
  type ExpireBefore,
  readSizeUse,
  type SizeLimit,
  type SnapshotSource,
  type StoreKeys,
  sealSnapshotName,
  takeSnapshot,
  unsealCommitToken,
} from '@flamelake/catalog';
import {
  type Clock,
  FlamelakeError,
  formatSelector,
  type ObjectStore,
  parseSelector,
  type Random,
} from '@flamelake/model';
import { createSemaphore } from '@flamelake/runtime';
import type { AdHocProfiles } from '../ad-hoc/ad-hoc-profiles.ts';
import { previewDelete } from './preview-delete.ts';

export interface DataAction {
  readonly path: string;
  /** @param message - as sent; nothing of it is checked yet */
  run(tenant: string, message: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<object>;
}

export interface DataActionsContext {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly snapshots: SnapshotSource;
  readonly keys: StoreKeys;
  /** Where the log ends, in a process that has the log: a delete is of all that is in it. */
  readonly logEnd?: () => Promise<CommitToken>;
  readonly expireBefore?: ExpireBefore;
  readonly sizeLimit?: SizeLimit;
  /** Uploaded files, which go with all profiles of a tenant. */
  readonly uploads?: Pick<AdHocProfiles, 'deleteAll'>;
}

/** Changes under way at once: all write one record, so that more would only come before one another. */
const CHANGES_MAX = 2;
/** Changes that may wait for a place. */
const WAITING_MAX = 64;
/** Records in one answer. */
const RECORDS_MAX = 1_000;
/** Longest name of who wants a change. */
const BY_LENGTH_MAX = 200;

export function dataActions(own: DataActionsContext): readonly DataAction[] {
  const { store, clock, random, snapshots, keys, logEnd, uploads } = own;
  const context: DataChangeContext = { store, random, clock };
  const places = createSemaphore({ name: 'deletes and pins', capacity: CHANGES_MAX, waitingMax: WAITING_MAX });
  /** One whose client is gone before it begins is not begun. */
  const commit = (change: DataChange, signal: AbortSignal): Promise<string> =>
    places.run(
      async () => {
        await changeData(context, change);
        // Queries share snapshots of a moment ago: the next one is of after the change. Other query-frontends follow as theirs grow old.
        return sealSnapshotName(keys, await snapshots.takeFresh());
      },
      1,
      signal,
    );
  const newId = () => Buffer.from(random.bytes(16)).toString('hex');
  return [
    {
      path: '/api/v1/delete',
      async run(tenant, message, signal) {
        const range = { tenant, ...rangeOf(message) };
        if (range.selector === '{}' && message.all !== true) {
          throw new FlamelakeError(
            'invalid_argument',
            'selector matches every profile of the tenant; if that is meant, set all',
          );
        }
        if (message.dryRun === true) return previewDelete(own, range, signal);
        if (typeof message.commit === 'string') {
          await snapshots.waitFor(unsealCommitToken(keys, message.commit), signal);
        } else if (logEnd !== undefined) await snapshots.waitFor(await logEnd(), signal);
        const change: DataChange = { id: newId(), kind: 'delete', ...range, by: byOf(message) };
        const snapshot = await commit(change, signal);
        if (range.selector === '{}') await uploads?.deleteAll(tenant, range);
        return { id: change.id, snapshot };
      },
    },
    {
      path: '/api/v1/pin',
      async run(tenant, message, signal) {
        const change: DataChange = { id: newId(), kind: 'pin', tenant, ...rangeOf(message), by: byOf(message) };
        return { id: change.id, snapshot: await commit(change, signal) };
      },
    },
    {
      path: '/api/v1/unpin',
      async run(tenant, message, signal) {
        const { pins } = await pendingOf(store, tenant);
        const pin = pins.find(({ id }) => id === message.id);
        if (pin === undefined)
          throw new FlamelakeError('not_found', 'there is no such pin', { id: String(message.id) });
        return { snapshot: await commit({ ...pin, kind: 'unpin', by: byOf(message) }, signal) };
      },
    },
    {
      path: '/api/v1/changes',
      async run(tenant, message) {
        const { fromMs, untilMs } = timesOf(message);
        const page = await changeRecords(context, tenant, { fromMs, untilMs, countMax: RECORDS_MAX });
        return { ...page, ...(await pendingOf(store, tenant)) };
      },
    },
    {
      path: '/api/v1/retention',
      run: (tenant, message) => previewRetention(own, tenant, message.sizeBytes),
    },
  ];
}

/** Pins, and deletes not carried out in every partition yet. */
async function pendingOf(store: ObjectStore, tenant: string) {
  const { partitions } = await takeSnapshot(store);
  const own = <One extends { readonly id: string; readonly tenant: string }>(all: readonly One[]): One[] => [
    ...new Map(all.filter((one) => one.tenant === tenant).map((one) => [one.id, one])).values(),
  ];
  return {
    pins: own(partitions.flatMap(({ manifest }) => manifest.pins)),
    deletes: own(partitions.flatMap(({ manifest }) => manifest.deletes)).map(({ id, selector, fromMs, untilMs }) => ({
      id,
      selector,
      fromMs,
      untilMs,
    })),
  };
}

/** What a tenant holds, and what would expire by its size limit now, or if the limit were another one. */
async function previewRetention(
  { store, clock, sizeLimit = () => Number.POSITIVE_INFINITY, expireBefore }: DataActionsContext,
  tenant: string,
  sizeBytes: unknown,
): Promise<object> {
  if (sizeBytes !== undefined && !(Number.isSafeInteger(sizeBytes) && Number(sizeBytes) > 0)) {
    throw new FlamelakeError('invalid_argument', 'sizeBytes must be a whole number above 0', {
      sizeBytes: JSON.stringify(sizeBytes).slice(0, 128),
    });
  }
  const limitBytes = sizeBytes === undefined ? sizeLimit(tenant) : Number(sizeBytes);
  // Without a limit all is counted against more than there can be.
  const bound = Math.min(limitBytes, Number.MAX_SAFE_INTEGER);
  const asked: SizeLimit = (one) => (one === tenant ? bound : Number.POSITIVE_INFINITY);
  const uses = await readSizeUse({ store, sizeLimit: asked, ...(expireBefore && { expireBefore }) }, clock.nowMs());
  const use = uses.find((one) => one.tenant === tenant);
  return {
    bytes: use?.bytes ?? 0,
    limitBytes: Number.isFinite(limitBytes) ? limitBytes : 0,
    expiresBytes: use?.goesBytes ?? 0,
    expiresBeforeMs: Math.max(0, use?.beforeMs ?? 0),
  };
}

/** @throws {FlamelakeError} `invalid_argument` on a bad selector or range */
function rangeOf(message: Readonly<Record<string, unknown>>) {
  const { selector } = message;
  if (typeof selector !== 'string') throw new FlamelakeError('invalid_argument', 'selector is required');
  return { selector: formatSelector(parseSelector(selector)), ...timesOf(message) };
}

function timesOf({ startMs = 0, endMs = Number.MAX_SAFE_INTEGER }: Readonly<Record<string, unknown>>) {
  if (!Number.isSafeInteger(startMs) || !Number.isSafeInteger(endMs) || Number(startMs) >= Number(endMs)) {
    throw new FlamelakeError('invalid_argument', 'time range must be whole ms since 1970, the start before the end', {
      startMs: String(startMs),
      endMs: String(endMs),
    });
  }
  return { fromMs: Number(startMs), untilMs: Number(endMs) };
}

function byOf({ by = '' }: Readonly<Record<string, unknown>>): string {
  if (typeof by === 'string' && by.length <= BY_LENGTH_MAX) return by;
  throw new FlamelakeError('invalid_argument', 'by must be a short text', { lengthMax: BY_LENGTH_MAX });
}
