/**
 * Deletes and pins as JSON over plain HTTP: one path an action, POST, one message each way.
 *
 *     /api/v1/delete    {selector, startMs?, endMs?, all?, by?}          → {id}
 *                       {…, dryRun: true}                                → {profiles, rows, bytes, objects}
 *     /api/v1/pin       {selector, startMs?, endMs?, by?}                → {id}
 *     /api/v1/unpin     {id, by?}                                        → {}
 *     /api/v1/changes   {}                                               → {records, pins, deletes}
 */
import { changeData, changeRecords, type DataChange, type DataChangeContext, takeSnapshot } from '@flamelake/catalog';
import {
  type Clock,
  FlamelakeError,
  formatSelector,
  type ObjectStore,
  parseSelector,
  type Random,
} from '@flamelake/model';
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
}

/** Longest name of who wants a change. */
const BY_LENGTH_MAX = 200;

export function dataActions({ store, clock, random }: DataActionsContext): readonly DataAction[] {
  const context: DataChangeContext = { store, random, nowMs: () => clock.nowMs() };
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
        if (message.dryRun === true) return previewDelete(store, range, signal);
        const change: DataChange = { id: newId(), kind: 'delete', ...range, by: byOf(message) };
        await changeData(context, change);
        return { id: change.id };
      },
    },
    {
      path: '/api/v1/pin',
      async run(tenant, message) {
        const change: DataChange = { id: newId(), kind: 'pin', tenant, ...rangeOf(message), by: byOf(message) };
        await changeData(context, change);
        return { id: change.id };
      },
    },
    {
      path: '/api/v1/unpin',
      async run(tenant, message) {
        const { pins } = await pendingOf(store, tenant);
        const pin = pins.find(({ id }) => id === message.id);
        if (pin === undefined)
          throw new FlamelakeError('not_found', 'there is no such pin', { id: String(message.id) });
        await changeData(context, { ...pin, kind: 'unpin', by: byOf(message) });
        return {};
      },
    },
    {
      path: '/api/v1/changes',
      run: async (tenant) => ({ records: await changeRecords(context, tenant), ...(await pendingOf(store, tenant)) }),
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

/** @throws {FlamelakeError} `invalid_argument` on a bad selector or range */
function rangeOf({ selector, startMs = 0, endMs = Number.MAX_SAFE_INTEGER }: Readonly<Record<string, unknown>>) {
  if (typeof selector !== 'string') throw new FlamelakeError('invalid_argument', 'selector is required');
  if (!Number.isSafeInteger(startMs) || !Number.isSafeInteger(endMs) || Number(startMs) >= Number(endMs)) {
    throw new FlamelakeError('invalid_argument', 'time range must be whole ms since 1970, the start before the end', {
      startMs: String(startMs),
      endMs: String(endMs),
    });
  }
  return { selector: formatSelector(parseSelector(selector)), fromMs: Number(startMs), untilMs: Number(endMs) };
}

function byOf({ by = '' }: Readonly<Record<string, unknown>>): string {
  if (typeof by === 'string' && by.length <= BY_LENGTH_MAX) return by;
  throw new FlamelakeError('invalid_argument', 'by must be a short text', { lengthMax: BY_LENGTH_MAX });
}
