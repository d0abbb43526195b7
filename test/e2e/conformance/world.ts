/** One server for a file of conformance tests, and pprof profiles as clients send them. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { encodeMessage } from '@flamelake/rpc';
import { ProfileSchema } from '@flamelake/rpc/gen/google/v1/profile_pb.js';
import { call, type ServerProcess, startServer } from '../server-process.ts';

export const QUERIER = 'querier.v1.QuerierService';
export const SPAN = '00000bac2a5ab0c7';

export interface Sample {
  /** Root first. */
  readonly frames: readonly string[];
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A profile of one sample type that is its own period type. */
export function pprofOf(type: string, unit: string, samples: readonly Sample[], timeMs = Date.now()): Uint8Array {
  const strings = [''];
  const text = (value: string): bigint => {
    const at = strings.indexOf(value);
    return BigInt(at >= 0 ? at : strings.push(value) - 1);
  };
  const names = [...new Set(samples.flatMap(({ frames }) => frames))];
  const idOf = (name: string): bigint => BigInt(names.indexOf(name) + 1);
  const valueType = { type: text(type), unit: text(unit) };
  const message = {
    sampleType: [valueType],
    sample: samples.map(({ frames, value, labels = {} }) => ({
      locationId: frames.toReversed().map(idOf),
      value: [BigInt(value)],
      label: Object.entries(labels).map(([key, label]) => ({ key: text(key), str: text(label) })),
    })),
    location: names.map((name) => ({ id: idOf(name), line: [{ functionId: idOf(name), line: 7n }] })),
    function: names.map((name) => ({ id: idOf(name), name: text(name) })),
    timeNanos: BigInt(Math.floor(timeMs)) * 1_000_000n,
    durationNanos: 1_000_000_000n,
    periodType: valueType,
    period: 1n,
  };
  return encodeMessage(ProfileSchema, { ...message, stringTable: strings }, 'proto');
}

export interface Exemplar {
  readonly profileId: string;
  readonly spanId: string;
  readonly value: string;
}

/** Whatever the queries answer, as Connect's JSON has it; what an answer does not have is undefined. */
export interface Answer {
  readonly flamegraph: WireFlamegraph;
  readonly tree: string;
  readonly dot: string;
  readonly pprof: { readonly profile: Answer };
  readonly sample: { readonly value: string[] }[];
  readonly names: string[];
  readonly profileTypes: { readonly ID: string }[];
  readonly labelsSet: { readonly labels: { readonly name: string; readonly value: string }[] }[];
  readonly dataIngested: boolean;
  readonly series: {
    readonly labels: object[] | undefined;
    readonly points: { readonly value: number; readonly timestamp: string; readonly exemplars: Exemplar[] }[];
    readonly slots: {
      readonly timestamp: string;
      readonly yMin: number[];
      readonly counts: number[];
      readonly exemplars: Exemplar[];
    }[];
  }[];
}

export interface World {
  url: string;
  /** Calls a method of the querier; anything but 200 fails. */
  query(method: string, message: object, headers?: Record<string, string>): Promise<Answer>;
  /** Status and body of any method. */
  call: (method: string, message: object, headers?: Record<string, string>) => ReturnType<typeof call>;
  /** Pushes one profile under these labels; queries of this world see it from then on. */
  push(labels: Readonly<Record<string, string>>, profile: Uint8Array, id?: string): Promise<void>;
  /** Queries carry what a client knows of its pushes. */
  commit: Record<string, string>;
}

/** Starts the server before the tests of a file, ends it after them. */
export function conformanceWorld(fill: (world: World) => Promise<void>, flags: readonly string[] = []): World {
  let server: ServerProcess | undefined;
  const world: World = {
    url: '',
    commit: {},
    call: (method, message, headers = {}) => call(world.url, method, message, { ...world.commit, ...headers }),
    async query(method, message, headers) {
      const { status, body } = await world.call(`${QUERIER}/${method}`, message, headers);
      assert.equal(status, 200, `${method}: ${JSON.stringify(body)}`);
      return body as never;
    },
    async push(labels, profile, id = '') {
      const samples = [{ rawProfile: Buffer.from(profile).toString('base64'), ID: id }];
      const series = [{ labels: Object.entries(labels).map(([name, value]) => ({ name, value })), samples }];
      const { status, headers, body } = await world.call('push.v1.PusherService/Push', { series });
      assert.equal(status, 200, JSON.stringify(body));
      world.commit = { 'x-flamelake-commit': headers.get('x-flamelake-commit') ?? '' };
    },
  };
  before(async () => {
    server = await startServer({ flags: ['--self-profiling.enabled=false', ...flags] });
    world.url = server.url;
    await fill(world);
  });
  after(() => server?.terminate());
  return world;
}

/** The last hour and a little ahead, ms. */
export function lastHour(): { start: number; end: number } {
  return { start: Date.now() - 3_600_000, end: Date.now() + 60_000 };
}

export interface WireFlamegraph {
  readonly names: string[];
  readonly levels: { values: string[] }[];
  readonly total?: string;
  readonly maxSelf?: string;
}

/**
 * Reads a flame graph as Grafana's backend does: with a pointer into the level above that only moves on.
 * @returns paths with self values
 * @throws where that would drop a bar or read beyond an array
 */
export function readAsGrafana({ names, levels }: WireFlamegraph): ReadonlyMap<string, number> {
  const selfs = new Map<string, number>();
  let above: { path: string; start: number; end: number }[] = [];
  for (const [depth, { values }] of levels.entries()) {
    assert.equal(values.length % 4, 0);
    assert.ok(values.length >= 4);
    const here: typeof above = [];
    let [end, up] = [0, 0];
    for (let i = 0; i < values.length; i += 4) {
      const [offset, total, self, index] = values.slice(i, i + 4).map(Number) as [number, number, number, number];
      assert.ok(index >= 0 && index < names.length, 'name index is in range');
      const start = end + offset;
      end = start + total;
      while (depth > 0 && up < above.length && start >= (above[up]?.end ?? 0)) up++;
      const parent = above[up];
      assert.ok(
        depth === 0 || (parent !== undefined && start >= parent.start && end <= parent.end),
        'inside its parent',
      );
      const path = parent === undefined ? '' : [parent.path, names[index]].filter((one) => one !== '').join(';');
      selfs.set(path, (selfs.get(path) ?? 0) + self);
      here.push({ path, start, end });
    }
    above = here;
  }
  return selfs;
}
