/** Small pprof profiles made of named stacks, and their pushes. */
import { encodePprof } from '@flamelake/formats';
import { pprofOfCallTree } from '../../services/flamelake/src/self-profile/call-tree.ts';
import { ask, call } from './server-process.ts';

export interface SmallProfile {
  /** Root first, with one value. */
  readonly stacks: readonly { readonly frames: readonly string[]; readonly value: bigint }[];
  /** ms since 1970. */
  readonly timeMs: number;
}

export const SMALL_TYPE = 'test:units:count:units:count';

/** Encodes a profile of the one sample type units/count. */
export function smallPprof({ stacks, timeMs }: SmallProfile): Uint8Array {
  const frames = [{ functionName: '(root)', filename: '', line: 0 }];
  const parents = [-1];
  const leaves: { readonly node: number; readonly value: bigint }[] = [];
  for (const { frames: names, value } of stacks) {
    let parent = 0;
    for (const functionName of names) {
      frames.push({ functionName, filename: `${functionName}.go`, line: 1 });
      parents.push(parent);
      parent = frames.length - 1;
    }
    leaves.push({ node: parent, value });
  }
  const marks = new Float64Array(frames.length);
  for (const { node } of leaves) marks[node] = 1;
  const profile = pprofOfCallTree(
    { frames, parent: Int32Array.from(parents), values: [marks] },
    {
      sampleTypes: [{ type: 'units', unit: 'count' }],
      periodType: { type: 'units', unit: 'count' },
      period: 1n,
      startMs: timeMs,
      durationMs: 1000,
    },
  );
  // Marked nodes come out in ascending order, as `leaves` is; values may be larger than a double holds.
  return encodePprof({ ...profile, values: BigInt64Array.from(leaves, ({ value }) => value) });
}

/** The message of a push of one profile. */
export function pushMessage(
  service: string,
  profile: Uint8Array,
  labels: Readonly<Record<string, string>> = {},
): object {
  const all = { __name__: 'test', service_name: service, ...labels };
  return {
    series: [
      {
        labels: Object.entries(all).map(([name, value]) => ({ name, value })),
        samples: [{ rawProfile: Buffer.from(profile).toString('base64') }],
      },
    ],
  };
}

/** Pushes and returns the commit token; a query that carries it sees the profile. */
export async function push(
  url: string,
  service: string,
  profile: Uint8Array,
  options: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): Promise<string> {
  const { status, headers, body } = await call(
    url,
    'push.v1.PusherService/Push',
    pushMessage(service, profile, options.labels),
    options.headers,
  );
  if (status !== 200) throw new Error(`push answered ${status} ${JSON.stringify(body)}`);
  return headers.get('x-flamelake-commit') ?? '';
}

/** A range that holds every profile of a test. */
export function aroundNow(): { start: number; end: number } {
  const nowMs = Date.now();
  return { start: nowMs - 3_600_000, end: nowMs + 600_000 };
}

/** Total of a service's flame graph, once the snapshot includes the commit. */
export async function totalOf(
  url: string,
  service: string,
  commit: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<bigint> {
  const answer = await ask<{ flamegraph?: { total?: string } }>(
    url,
    'querier.v1.QuerierService/SelectMergeStacktraces',
    { ...aroundNow(), profileTypeID: SMALL_TYPE, labelSelector: `{service_name="${service}"}` },
    { ...headers, ...(commit === '' ? {} : { 'x-flamelake-commit': commit }) },
  );
  return BigInt(answer.flamegraph?.total ?? 0);
}
