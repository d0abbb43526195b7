/** What `flamelake delete` and `flamelake pin` send and show. */
import { userInfo } from 'node:os';
import type { CommandContext } from '../commands/command.ts';
import { textTable } from '../commands/text-table.ts';
import type { ConnectClient } from './connect-client.ts';
import { readTime } from './read-time.ts';

export interface DataMessage {
  readonly selector: string;
  readonly startMs?: number;
  readonly endMs?: number;
  readonly by: string;
}

interface DataFlags {
  readonly selector: string;
  readonly from: string;
  readonly until: string;
  readonly by: string;
}

export function messageOf({ selector, from, until, by }: DataFlags, nowMs: number): DataMessage {
  return {
    selector,
    ...(from !== '' && { startMs: readTime('from', from, nowMs) }),
    ...(until !== '' && { endMs: readTime('until', until, nowMs) }),
    by: by || userInfo().username,
  };
}

interface WireRange {
  readonly id: string;
  readonly selector: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

interface WireRecord extends WireRange {
  readonly kind: string;
  readonly step: string;
  readonly by: string;
  readonly atMs: number;
}

interface WireChanges {
  readonly records: readonly WireRecord[];
  readonly hasOlder: boolean;
  readonly pins: readonly WireRange[];
  readonly deletes: readonly WireRange[];
}

/** Prints the whole record of a range, pins, and deletes that are under way. */
export async function printChanges(
  client: ConnectClient,
  { print, clock }: CommandContext,
  flags: Pick<DataFlags, 'from' | 'until'>,
): Promise<void> {
  const { startMs, endMs } = messageOf({ ...flags, selector: '', by: '-' }, clock.nowMs());
  const ask = (until: number | undefined) => client.call<WireChanges>('api/v1/changes', { startMs, endMs: until });
  const newest = await ask(endMs);
  const { pins, deletes } = newest;
  const records = [...newest.records];
  for (let page = newest; page.hasOlder; ) {
    page = await ask(page.records[0]?.atMs);
    records.unshift(...page.records);
  }
  const lines = records.map(({ atMs, kind, step, by, ...range }) => [
    timeText(atMs),
    kind,
    step,
    by,
    ...rangeCells(range),
  ]);
  if (lines.length > 0) print(textTable(['at', 'what', '', 'by', ...RANGE_HEADING], lines));
  print(`${pins.length} pins\n${textTable(undefined, pins.map(rangeCells))}`);
  print(`${deletes.length} deletes not carried out everywhere yet\n${textTable(undefined, deletes.map(rangeCells))}`);
}

const RANGE_HEADING = ['id', 'selector', 'from', 'until'];

function rangeCells({ id, selector, fromMs, untilMs }: WireRange): string[] {
  return [id, selector, timeText(fromMs), timeText(untilMs)];
}

/** Beyond what a date can be, or at its beginning, a range is open. */
function timeText(timeMs: number): string {
  return timeMs <= 0 || timeMs > 8.64e15 ? '…' : new Date(timeMs).toISOString();
}
