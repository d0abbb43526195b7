/** The profiles of a query as one pprof file: asked for in protobuf, because an answer in JSON is no pprof. */
import { type Caller, type Narrowing, QUERIER, type Query, request } from './querier.ts';

/** gzip, as tools expect it. */
export async function selectPprof(caller: Caller, query: Query, narrowing: Narrowing): Promise<Blob> {
  const response = await request(caller, `${QUERIER}/SelectMergeProfile`, encodeRequest(query, narrowing));
  if (response.body === null) return new Blob([]);
  return new Response(response.body.pipeThrough(new CompressionStream('gzip'))).blob();
}

/**
 * querier.v1 SelectMergeProfileRequest: profile type 1, selector 2, start 3, end 4 (ms), stack trace selector 6 (call site 1: name 1),
 * profile ids 7.
 */
export function encodeRequest(query: Query, { focus, profile }: Omit<Narrowing, 'detail'>): Uint8Array<ArrayBuffer> {
  const callSite = focus.flatMap((name) => field(1, field(1, utf8(name))));
  return Uint8Array.from([
    ...field(1, utf8(query.type)),
    ...field(2, utf8(query.selector)),
    3 << 3,
    ...varint(Math.floor(query.startMs)),
    4 << 3,
    ...varint(Math.ceil(query.endMs)),
    ...(focus.length === 0 ? [] : field(6, callSite)),
    ...(profile === '' ? [] : field(7, utf8(profile))),
  ]);
}

function utf8(text: string): number[] {
  return [...new TextEncoder().encode(text)];
}

function field(number: number, bytes: readonly number[]): number[] {
  return [(number << 3) | 2, ...varint(bytes.length), ...bytes];
}

/** @param value - a natural number below 2^53 */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return bytes;
}
