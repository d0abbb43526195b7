/** `flamelake verify` agrees with a sound store, live, folded and after a crash, and names what is damaged. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, globSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createBlockBuilder, parseBlock } from '@flamelake/block';
import { decodeLogRecord, type ProfileRecord } from '@flamelake/formats';
import { sortLabels } from '@flamelake/model';
import { readFileLog } from '@flamelake/profile-log';
import { nodeFileSystem } from '@flamelake/runtime';
import { assertAgrees, runVerify, type Verdict } from './run-verify.ts';
import { startServer, temporaryDirectory } from './server-process.ts';
import { push, SMALL_TYPE, smallPprof, totalOf } from './small-profile.ts';

const FLAGS = ['--self-profiling.enabled=false', '--segment-writer.flush-interval=20ms'];
const FOLDING = [...FLAGS, '--compactor.fold-interval=100ms'];
/** No fold within the life of a test. */
const NOT_FOLDING = [...FLAGS, '--compactor.fold-interval=1h', '--compactor.fold-segments=10000'];

/** Runs the command, which must leave the directory as it was when nobody else writes to it. */
async function verify(directory: string, url = '', flags: readonly string[] = []): Promise<Verdict> {
  const words = [`--data.directory=${directory}`, ...(url === '' ? [] : [`--url=${url}`]), ...flags];
  const before = url === '' ? contentOf(directory) : '';
  const verdict = await runVerify(words);
  if (url === '') assert.equal(contentOf(directory), before, 'verify changes nothing');
  return verdict;
}

/** The damaged object must be named by what is left of its path when the store's folders are taken off. */
function assertNames({ exitCode, output, differences }: Verdict, path: string): void {
  const key = path.replace(/^.*\/objects\//, '').replace(/\.obj$/, '');
  assert.ok(
    differences.some((line) => line.includes(key)),
    `${key} in ${output}`,
  );
  assert.equal(exitCode, 1);
}

function contentOf(directory: string): string {
  const hash = createHash('sha256');
  for (const file of globSync('**', { cwd: directory }).sort()) {
    const path = join(directory, file);
    const stat = statSync(path);
    hash.update(`${file}\0${stat.mtimeMs}\0`);
    if (stat.isFile()) hash.update(readFileSync(path));
  }
  return hash.digest('hex');
}

function objects(directory: string, kind: 'blocks' | 'segments' | 'manifests'): string[] {
  const pattern = `store/objects/logs/*/partitions/0/${kind}/*`;
  return globSync(pattern, { cwd: directory })
    .map((path) => join(directory, path))
    .sort();
}

function flipByte(path: string, at: number): void {
  const bytes = readFileSync(path);
  assert.ok(at < bytes.length, `${path} has only ${bytes.length} bytes`);
  bytes[at] = bytes[at] ^ 1;
  writeFileSync(path, bytes);
}

/** Pushes profiles of two services and label sets, and some twice; returns the last commit. */
async function pushSome(url: string, from: number, count: number): Promise<string> {
  let commit = '';
  for (let i = from; i < from + count; i++) {
    const stacks = [
      { frames: ['main', `work_${i}`], value: BigInt(i + 1) },
      { frames: ['main', 'idle', `wait_${i % 3}`], value: 1n },
    ];
    const bytes = smallPprof({ stacks, timeMs: Date.now() - 1000 });
    const labels: Record<string, string> = i % 4 === 0 ? { pod: `pod-${i % 8}` } : {};
    for (let copy = 0; copy <= i % 2; copy++) commit = await push(url, `shop-${i % 2}`, bytes, { labels });
  }
  return commit;
}

/** Total of what `pushSome` pushed of a service. */
function pushedTotal(service: 0 | 1, count: number): bigint {
  let total = 0n;
  for (let i = service; i < count; i += 2) total += BigInt(i + 2);
  return total;
}

function assertTotals(output: string, count: number): void {
  for (const service of [0, 1] as const) {
    const profiles = Math.ceil((count - service) / 2);
    const row = new RegExp(
      `^shop-${service} ${SMALL_TYPE} +${profiles} +${2 * profiles} +${pushedTotal(service, count)}$`,
      'm',
    );
    assert.match(output, row);
  }
}

test('log, store and server agree: live, folded, after a crash and when stopped', async () => {
  const directory = temporaryDirectory();
  let server = await startServer({ directory, flags: NOT_FOLDING });
  let commit = await pushSome(server.url, 0, 12);
  await totalOf(server.url, 'shop-0', commit);
  const live = await verify(directory, server.url);
  assertAgrees(live);
  assertTotals(live.output, 12);
  assert.match(live.output, /18 records compared: 12 profiles, 6 repeats, 0 late/);
  assert.match(live.output, /server: 4 answers compared/);

  await server.kill();
  assertAgrees(await verify(directory));

  server = await startServer({ directory, flags: FOLDING });
  commit = await pushSome(server.url, 12, 12);
  await totalOf(server.url, 'shop-0', commit);
  // While it goes on pushing and folding.
  const pushing = pushSome(server.url, 24, 100);
  const busy = await verify(directory, server.url);
  assertAgrees(busy);
  commit = await pushing;
  await totalOf(server.url, 'shop-0', commit);
  const folded = await verify(directory, server.url);
  assertAgrees(folded);
  assertTotals(folded.output, 124);
  assert.ok(objects(directory, 'blocks').length > 0);
  await server.kill();
  assertAgrees(await verify(directory));

  server = await startServer({ directory, flags: FOLDING });
  assert.equal(await server.terminate(), 0);
  const stopped = await verify(directory);
  assertAgrees(stopped);
  assertTotals(stopped.output, 124);
});

test('damage is named, and ends with exit code 1', async () => {
  const folded = temporaryDirectory();
  let server = await startServer({ directory: folded, flags: FOLDING });
  for (let round = 0; objects(folded, 'manifests').length < 3; round++) {
    const commit = await pushSome(server.url, 4 * round, 4);
    await totalOf(server.url, 'shop-0', commit);
  }
  assert.equal(await server.terminate(), 0);
  const unfolded = temporaryDirectory();
  server = await startServer({ directory: unfolded, flags: NOT_FOLDING });
  for (let round = 0; round < 3; round++) {
    const commit = await pushSome(server.url, 4 * round, 4);
    await totalOf(server.url, 'shop-0', commit);
  }
  assert.equal(await server.terminate(), 0);
  assertAgrees(await verify(folded));
  assertAgrees(await verify(unfolded));

  /** Damages a copy and looks what is said of it. */
  const damaged = async (of: string, damage: (directory: string) => string): Promise<Verdict> => {
    const directory = join(temporaryDirectory(), 'data');
    cpSync(of, directory, { recursive: true, preserveTimestamps: true });
    const path = damage(directory);
    const verdict = await verify(directory);
    assertNames(verdict, path);
    return verdict;
  };
  const remove = (path: string): string => {
    rmSync(path);
    return path;
  };
  const flip = (path: string, at: number): string => {
    flipByte(path, at);
    return path;
  };

  const [block = ''] = objects(folded, 'blocks');
  const sizeBytes = statSync(block).size;
  for (const at of [10, Math.floor(sizeBytes / 2), sizeBytes - 30]) {
    await damaged(folded, (directory) => flip(objects(directory, 'blocks')[0] ?? '', at));
  }
  await damaged(folded, (directory) => remove(objects(directory, 'blocks')[0] ?? ''));
  await damaged(folded, (directory) => remove(objects(directory, 'manifests')[1] ?? ''));
  await damaged(folded, (directory) => flip(objects(directory, 'manifests')[0] ?? '', 40));
  await damaged(folded, (directory) => remove(objects(directory, 'segments')[0] ?? ''));
  await damaged(unfolded, (directory) => remove(objects(directory, 'segments')[1] ?? ''));
  await damaged(unfolded, (directory) => {
    // One that holds repeats only is shorter than a hundred bytes.
    const path = objects(directory, 'segments')[1] ?? '';
    return flip(path, Math.floor(statSync(path).size / 2));
  });
  // Without its manifests a partition begins anew: what only a fold can have made tells that there was more.
  await damaged(folded, (directory) => {
    for (const kind of ['manifests', 'segments'] as const) for (const path of objects(directory, kind)) remove(path);
    return objects(directory, 'blocks').at(-1) ?? '';
  });
});

test('a server that answers otherwise is told by service and type', async () => {
  const directory = temporaryDirectory();
  const server = await startServer({ directory, flags: NOT_FOLDING });
  await totalOf(server.url, 'shop-0', await pushSome(server.url, 0, 4));
  const copy = join(temporaryDirectory(), 'data');
  cpSync(directory, copy, { recursive: true, preserveTimestamps: true });
  // One profile further, the server answers of an offset that the copy does not hold.
  await totalOf(server.url, 'shop-0', await pushSome(server.url, 4, 1));
  const { exitCode, differences } = await verify(copy, server.url);
  assert.equal(exitCode, 1);
  assert.ok(differences.some((line) => line.includes(`shop-0 ${SMALL_TYPE}: the server's flame graph`)));
  assert.ok(differences.some((line) => line.includes(`shop-0 ${SMALL_TYPE}: the server's series`)));
  assert.ok(differences.some((line) => line.includes('the server has read partition')));
  await server.terminate();
});

type Change = (profile: ProfileRecord) => ProfileRecord | undefined;

/** Changes of a profile that leave its total, or at least the number of profiles and rows, as it was. */
const CHANGES: Readonly<Record<string, Change>> = {
  value: (profile) => ({
    ...profile,
    groups: profile.groups.map((group) => ({ ...group, values: group.values.map((value) => value + 1n) })),
  }),
  label: (profile) => ({
    ...profile,
    groups: profile.groups.map((group) => ({
      ...group,
      labels: sortLabels([...group.labels, { name: 'pod', value: 'a' }]),
    })),
  }),
  time: (profile) => ({ ...profile, timeNanos: profile.timeNanos + 1_000_000n }),
  service: (profile) => ({ ...profile, service: 'other' }),
  functionName: (profile) => {
    const { strings } = profile.symbols;
    const bytes = strings.bytes.map((byte) => (byte === 'w'.charCodeAt(0) ? 'W'.charCodeAt(0) : byte));
    return { ...profile, symbols: { ...profile.symbols, strings: { ...strings, bytes } } };
  },
  stack: (profile) => ({
    ...profile,
    stacks: { ...profile.stacks, location: profile.stacks.location.toReversed() },
  }),
  identity: (profile) => ({ ...profile, identity: profile.identity.map((byte) => byte ^ 1) }),
};

test('a segment of other content than the log, sound in itself, is told by offset', async () => {
  const directory = temporaryDirectory();
  const server = await startServer({ directory, flags: NOT_FOLDING });
  let commit = '';
  for (let i = 1; i <= 3; i++) {
    const stacks = [{ frames: ['main', 'work'], value: BigInt(i) }];
    commit = await push(server.url, 'shop', smallPprof({ stacks, timeMs: Date.now() - i }));
  }
  await totalOf(server.url, 'shop', commit);
  await server.terminate();
  const log = await readFileLog({ directory: join(directory, 'log'), fileSystem: nodeFileSystem });
  const records = new Map<number, Uint8Array>();
  for await (const { offset, value } of log?.records() ?? []) records.set(offset, value);

  const path = objects(directory, 'segments').at(-1) ?? '';
  const { info } = parseBlock(readFileSync(path));
  const rewrite = (change: Change): void => {
    const builder = createBlockBuilder();
    for (let offset = info.log.position; offset < info.log.next; offset++) {
      for (const profile of decodeLogRecord(records.get(offset) ?? new Uint8Array())) {
        const changed = change(profile);
        if (changed !== undefined) builder.addProfile(changed, offset);
      }
    }
    writeFileSync(path, builder.build(info).bytes);
  };
  rewrite((profile) => profile);
  assertAgrees(await verify(directory));
  for (const [name, change] of Object.entries(CHANGES)) {
    rewrite(change);
    const { exitCode, output } = await verify(directory);
    assert.equal(exitCode, 1, name);
    assert.match(output, /^DIFFERENCE offset \d+ \(anonymous\/shop\): .*as many with other content$/m, name);
  }
  rewrite(() => undefined);
  const { output } = await verify(directory);
  assert.match(output, /the log counts 1 profiles in 1 rows, the store holds 0 profiles in 0 rows$/m);
});

test('each tenant is asked about what is its own', async () => {
  const directory = temporaryDirectory();
  const server = await startServer({ directory, flags: [...NOT_FOLDING, '--multitenancy.enabled=true'] });
  for (const [i, tenant] of ['red', 'blue'].entries()) {
    const bytes = smallPprof({ stacks: [{ frames: ['main'], value: BigInt(i + 1) }], timeMs: Date.now() });
    const headers = { 'x-scope-orgid': tenant };
    await totalOf(server.url, 'shop', await push(server.url, 'shop', bytes, { headers }), headers);
  }
  const all = await verify(directory, server.url);
  assertAgrees(all);
  assert.match(all.output, new RegExp(`^blue/shop ${SMALL_TYPE} +1 +1 +2\nred/shop ${SMALL_TYPE} +1 +1 +1$`, 'm'));
  assert.match(all.output, /server: 4 answers compared/);
  const one = await verify(directory, server.url, ['--tenant=red']);
  assertAgrees(one);
  assert.match(one.output, /server: 2 answers compared/);
  assert.doesNotMatch(one.output, /^blue/m);
  await server.terminate();
});
