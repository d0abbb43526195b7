/** Deletes and pins from outside: hidden at once, gone from the bucket soon, on record; nothing else is touched. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { test } from 'node:test';
import { assertAgrees, runVerify } from './run-verify.ts';
import { type ServerProcess, startServer, temporaryDirectory } from './server-process.ts';
import { push, SMALL_TYPE, smallPprof, totalOf } from './small-profile.ts';

const MAIN = new URL('../../services/flamelake/src/main.ts', import.meta.url).pathname;
const FLAGS = [
  '--self-profiling.enabled=false',
  '--segment-writer.flush-interval=20ms',
  '--compactor.fold-interval=100ms',
  '--admin.token=secret',
  '--multitenancy.enabled=true',
];
const RED = { 'x-scope-orgid': 'red' };
const BLUE = { 'x-scope-orgid': 'blue' };

function flamelake(server: ServerProcess, words: readonly string[], token = 'secret', tenant = 'red') {
  const connection = [`--url=${server.url}`, `--tenant=${tenant}`, `--token=${token}`, '--by=somebody'];
  return spawnSync(process.execPath, [MAIN, ...words, ...connection], { encoding: 'utf8', timeout: 60_000 });
}

function retention(server: ServerProcess, words: readonly string[]) {
  const connection = [`--url=${server.url}`, '--tenant=red', '--token=secret'];
  return spawnSync(process.execPath, [MAIN, 'retention', ...words, ...connection], { encoding: 'utf8' });
}

async function pushValue(server: ServerProcess, service: string, value: bigint, headers: Record<string, string>) {
  const bytes = smallPprof({ stacks: [{ frames: ['main', service], value }], timeMs: Date.now() });
  return push(server.url, service, bytes, { headers });
}

/** Name of the snapshot that a query reads now. */
async function snapshotOf(server: ServerProcess, headers: Record<string, string>): Promise<string> {
  const response = await fetch(`${server.url}/querier.v1.QuerierService/LabelNames`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ start: Date.now() - 60_000, end: Date.now() }),
  });
  return response.headers.get('x-flamelake-snapshot') ?? assert.fail(await response.text());
}

test('deletes take effect at once, leave no trace, and are on record', async () => {
  const directory = temporaryDirectory();
  const server = await startServer({ directory, flags: FLAGS });
  let commit = '';
  for (let i = 1n; i <= 5n; i++) {
    await pushValue(server, 'cart', i, BLUE);
    await pushValue(server, 'shop', i, RED);
    commit = await pushValue(server, 'cart', i, RED);
  }
  assert.equal(await totalOf(server.url, 'cart', commit, RED), 15n);
  const selector = '--selector={service_name="cart"}';

  assert.match(flamelake(server, ['delete', selector], 'wrong').stderr, /need the token/);
  assert.match(flamelake(server, ['delete']).stderr, /needs --selector or --all/);
  const dry = flamelake(server, ['delete', selector, '--dry-run']);
  assert.match(dry.stdout, /^would be deleted\nprofiles +5$/m, dry.stderr);
  assert.equal(await totalOf(server.url, 'cart', commit, RED), 15n);

  const before = await snapshotOf(server, RED);
  const beforeIso = new Date().toISOString();
  const deleted = flamelake(server, ['delete', selector]);
  assert.match(deleted.stdout, /^deleted, id [0-9a-f]{32}$/m, deleted.stderr);
  assert.equal(await totalOf(server.url, 'cart', commit, RED), 0n);
  assert.equal(await totalOf(server.url, 'shop', commit, RED), 15n);
  assert.equal(await totalOf(server.url, 'cart', commit, BLUE), 15n);
  assert.match(flamelake(server, ['delete', selector, '--dry-run']).stdout, /^profiles +0$/m);

  // The past is there for as long as its versions are kept, of each tenant its own.
  for (const asOf of [before, beforeIso]) {
    assert.equal(await totalOf(server.url, 'cart', '', { ...RED, 'x-flamelake-as-of': asOf }), 15n);
    assert.equal(await totalOf(server.url, 'shop', '', { ...BLUE, 'x-flamelake-as-of': asOf }), 0n);
  }
  const query = ['query', 'top', `--url=${server.url}`, '--tenant=red', '--selector={service_name="cart"}'];
  const ask = (asOf: string) =>
    spawnSync(process.execPath, [MAIN, ...query, `--type=${SMALL_TYPE}`, `--as-of=${asOf}`], { encoding: 'utf8' });
  assert.match(ask(beforeIso).stdout, /: total 15\n/);
  assert.match(ask('yesterday').stderr, /as-of must be a time/);
  assert.match(ask('2100-01-01T00:00:00Z').stderr, /a time to come/);

  const again = await pushValue(server, 'cart', 7n, RED);
  assert.equal(await totalOf(server.url, 'cart', again, RED), 7n);
  let list = '';
  for (let i = 0; i < 100 && !/^0 deletes not carried out/m.test(list); i++) {
    const listed = flamelake(server, ['delete', 'list']);
    assert.equal(listed.status, 0, listed.stderr);
    list = listed.stdout;
  }
  assert.match(list, /^0 deletes not carried out/m);
  assert.match(list, /delete +begun +somebody +[0-9a-f]{32} +\{service_name="cart"\}/);
  assert.match(list, /delete +done +somebody/);
  assert.equal(await totalOf(server.url, 'cart', again, RED), 7n);
  assertAgrees(await runVerify([`--data.directory=${directory}`, `--url=${server.url}`]));

  const pinned = flamelake(server, ['pin', selector]);
  const id = /^pinned, id ([0-9a-f]{32})$/m.exec(pinned.stdout)?.[1] ?? assert.fail(pinned.stderr);
  assert.match(flamelake(server, ['pin', 'list']).stdout, /^1 pins$/m);
  assert.equal(flamelake(server, ['pin', 'remove', id]).status, 0);
  assert.match(flamelake(server, ['pin', 'list']).stdout, /^0 pins$/m);

  const held = Number(/^bytes held +(\d+)$/m.exec(retention(server, []).stdout)?.[1]);
  assert.ok(held > 0);
  assert.match(retention(server, [`--size=${held}`]).stdout, /^would expire +0$/m);

  // What was acknowledged a moment ago goes, too, though no segment has it yet.
  for (let i = 0; i < 5; i++) {
    commit = await pushValue(server, 'late', 3n, RED);
    const answer = await fetch(`${server.url}/api/v1/delete`, {
      method: 'POST',
      headers: { ...RED, authorization: 'Bearer secret', 'content-type': 'application/json' },
      body: JSON.stringify({ selector: '{service_name="late"}' }),
    });
    assert.equal(answer.status, 200, await answer.text());
    assert.equal(await totalOf(server.url, 'late', commit, RED), 0n);
  }

  const uploads = async (headers: Record<string, string>, method: string, message: object) => {
    const answer = await fetch(`${server.url}/adhocprofiles.v1.AdHocProfileService/${method}`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(message),
    });
    return (await answer.json()) as { id?: string; profiles?: readonly object[] };
  };
  const file = { name: 'a.folded', profile: Buffer.from('main;work 5\n').toString('base64') };
  for (const headers of [RED, BLUE]) assert.ok((await uploads(headers, 'Upload', file)).id);
  assert.equal(flamelake(server, ['delete', '--all']).status, 0);
  assert.equal((await uploads(RED, 'List', {})).profiles, undefined);
  assert.equal((await uploads(BLUE, 'List', {})).profiles?.length, 1);
  assert.deepEqual(globSync('tenants/*/ad-hoc/files/*', { cwd: `${directory}/store/objects` }).length, 1);
  assert.equal(await totalOf(server.url, 'shop', again, RED), 0n);
  assert.equal(await totalOf(server.url, 'cart', again, BLUE), 15n);
  assert.equal(await server.terminate(), 0);
  const inspect = (word: string) =>
    spawnSync(process.execPath, [MAIN, 'inspect', word, `--data.directory=${directory}`], { encoding: 'utf8' });
  const whole = inspect('store');
  assert.match(
    whole.stdout,
    /^log [0-9a-f]+ partition 0\nlogs\/\S+\/manifests\/\d{20}\nversion \d+, kept from \d+ on; folded up to/,
    whole.stderr,
  );
  assert.match(whole.stdout, /^level 1 +\d+ +\d+ /m);
  const objects = globSync('logs/*/partitions/0/*/*', { cwd: `${directory}/store/objects` }).sort();
  for (const [kind, says] of [
    ['blocks', /^id [0-9a-f]{32}, level 1; log /m],
    ['manifests', /^version \d+, kept from/m],
    ['segments', /^id [0-9a-f]{32}, level 0; log /m],
  ] as const) {
    const path = objects.find((one) => one.includes(`/${kind}/`)) ?? '';
    const one = inspect(path.replace(/\.obj$/, ''));
    assert.match(one.stdout, says, one.stderr);
  }
  assert.match(inspect('logs/none').stderr, /there is no such object/);
  assertAgrees(await runVerify([`--data.directory=${directory}`]));
});
