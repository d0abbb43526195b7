/** What a tool is made of, and what all tools take. */
import { ANONYMOUS_TENANT, FlamelakeError, parseProfileTypeId, readTime } from '@flamelake/model';
import * as z from 'zod';
import type { CallContext, Queries, StacktraceQuery, TimeRange } from '../queries.ts';
import { type PageQuery, permalink } from './permalink.ts';

export interface ToolContext {
  readonly queries: Queries;
  readonly call: CallContext;
  readonly nowMs: number;
  /** Scheme and host as the client knows them. */
  readonly baseUrl: string;
}

export interface Tool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: z.ZodObject;
  /** @throws {FlamelakeError} what is wrong with the question */
  run(given: unknown, context: ToolContext): Promise<string>;
}

/** A tool whose `run` gets its input checked and typed. */
export function defineTool<Input extends z.ZodObject>(
  parts: Omit<Tool, 'input' | 'run'> & {
    readonly input: Input;
    run(input: z.output<Input>, context: ToolContext): Promise<string>;
  },
): Tool {
  return { ...parts, run: (given, context) => parts.run(parts.input.parse(given), context) };
}

const CPU_TYPE = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const SERVICES_SHOWN_MAX = 50;

export const RANGE = {
  from: z.string().default('now-1h').describe('start: now-1h, now-7d, an ISO time, or a unix time in s or ms'),
  until: z.string().default('now').describe('end, written as the start'),
};
export const SELECTOR = z
  .string()
  .default('{}')
  .describe('label selector as in PromQL, such as {service_name="checkout",region=~"eu-.*"}');
export const PROFILE_TYPE = z.string().default(CPU_TYPE).describe('profile type id, as list_profile_types gives it');
export const WINDOW = { profile_type: PROFILE_TYPE, selector: SELECTOR, ...RANGE };
export const ORDER = z
  .enum(['self', 'total'])
  .default('self')
  .describe('by what functions take themselves, or with all they call');
export const rows = (default_: number) => z.int().min(1).max(200).default(default_).describe('most rows');

/** @throws {FlamelakeError} `invalid_argument` */
export function rangeOf({ from, until }: { from: string; until: string }, nowMs: number): TimeRange {
  return { startMs: timeOf('from', from, nowMs), endMs: timeOf('until', until, nowMs) };
}

function timeOf(name: string, text: string, nowMs: number): number {
  const time = readTime(text, nowMs) ?? Date.parse(text);
  if (Number.isFinite(time)) return time;
  const expected = 'now, now-1h, an ISO time, or a unix time in s or ms';
  throw new FlamelakeError('invalid_argument', 'time cannot be read', { name, value: text.slice(0, 64), expected });
}

export function windowQuery(
  input: { profile_type: string; selector: string; from: string; until: string },
  { nowMs }: ToolContext,
): StacktraceQuery {
  const { profile_type: profileTypeId, selector: labelSelector } = input;
  return { ...rangeOf(input, nowMs), profileTypeId, labelSelector, maxNodes: undefined };
}

/** `process_cpu:… {…} from … until …` */
export function describeWindow({ profileTypeId, labelSelector, startMs, endMs }: StacktraceQuery): string {
  return `${profileTypeId} ${labelSelector} ${isoTime(startMs)} to ${isoTime(endMs)}`;
}

export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

export function unitOf({ profileTypeId }: StacktraceQuery): string {
  return parseProfileTypeId(profileTypeId).sampleUnit;
}

export function link(
  { baseUrl, call }: ToolContext,
  path: Parameters<typeof permalink>[1],
  { profileTypeId, labelSelector, startMs, endMs }: StacktraceQuery,
  more: Partial<PageQuery> = {},
): string {
  const tenant = call.tenant === ANONYMOUS_TENANT ? {} : { tenant: call.tenant };
  const window = { type: profileTypeId, selector: labelSelector, from: String(startMs), until: String(endMs) };
  return permalink(baseUrl, path, { ...window, ...more, ...tenant });
}

/** An empty answer has a reason more often than not: what there is to ask for instead. */
export async function explainEmpty({ queries, call }: ToolContext, query: StacktraceQuery): Promise<string> {
  const types = await queries.labelValues(call, query, '__profile_type__', [query.labelSelector]);
  if (types.length > 0)
    return `No samples. The selector matches profiles of these types in the range: ${types.join(', ')}`;
  const services = await queries.labelValues(call, query, 'service_name', []);
  const shown = services.slice(0, SERVICES_SHOWN_MAX).join(', ');
  return services.length === 0
    ? 'No samples: there are no profiles in the range.'
    : `No samples: the selector matches nothing in the range. Services in it: ${shown}`;
}
