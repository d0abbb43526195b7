/** Programs that speak the Model Context Protocol, through the protocol's own client, about real profiles with known truth. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { decodePprof, inflate, stringAt } from '@flamelake/formats';
import { Client, type ClientOptions, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { parseLocation } from '../../services/ui/src/model/page-state.ts';
import { call, type ServerProcess, startServer } from './server-process.ts';
import { push, pushMessage, SMALL_TYPE, smallPprof } from './small-profile.ts';

const CORPUS = new URL('../corpus', import.meta.url).pathname;
const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const BEFORE = 'extracted/go-shop/0009-profile.pb.gz';
const AFTER = 'extracted/go-shop/0014-profile.pb.gz';
const ANSWER_BYTES_MAX = 16_384;

interface Truth {
  readonly sample_types: readonly {
    readonly type: string;
    readonly total: number;
    readonly top20_by_flat: readonly { readonly name: string; readonly flat: number; readonly cum: number }[];
  }[];
}

function truthOf(file: string) {
  const { sample_types } = JSON.parse(readFileSync(join(CORPUS, 'truth', `${file}.json`), 'utf8')) as Truth;
  const cpu = sample_types.find(({ type }) => type === 'cpu');
  assert.ok(cpu !== undefined);
  return cpu;
}

const read = (file: string) => readFileSync(join(CORPUS, file));
const profileOf = (file: string) => decodePprof(inflate(read(file), { bytesMax: 33_554_432 }));
/** The second around a profile, as texts. */
function windowOf(file: string) {
  const ms = Number(profileOf(file).timeNanos / 1_000_000n);
  return { from: new Date(ms - 500).toISOString(), until: new Date(ms + 500).toISOString() };
}

let server: ServerProcess;
let client: Client;
/** Of the tenant with the profiles, waiting for both. */
let seesAll: Record<string, string> = {};

async function connect(headers: Record<string, string> = {}, options: ClientOptions = {}): Promise<Client> {
  const connected = new Client({ name: 'test', version: '1' }, options);
  const url = new URL(`${server.url}/mcp`);
  await connected.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
  return connected;
}

/** The answer of a tool, within its bounds. */
async function ask(name: string, input: Record<string, unknown> = {}, asking = client) {
  const { content, isError } = await asking.callTool({ name, arguments: input });
  const [first] = content;
  assert.ok(first?.type === 'text' && content.length === 1);
  assert.ok(Buffer.byteLength(first.text) <= ANSWER_BYTES_MAX, `${name} answers ${first.text.length} characters`);
  return { text: first.text, isError: isError === true, lines: first.text.split('\n').map((line) => line.split('\t')) };
}

const share = (part: number, whole: number) => `${(Math.round((part * 10_000) / whole) / 100).toFixed(2)}%`;

before(async () => {
  const flags = [
    '--self-profiling.enabled=false',
    '--limits.ingestion-window=3650d',
    '--multitenancy.enabled=true',
    '--query.range-max=30d',
  ];
  server = await startServer({ flags });
  for (const file of [BEFORE, AFTER]) {
    const message = pushMessage('shop', read(file), { __name__: 'process_cpu' });
    const { status, headers } = await call(server.url, 'push.v1.PusherService/Push', message, { 'x-scope-orgid': 'a' });
    assert.equal(status, 200);
    seesAll = { 'x-scope-orgid': 'a', 'x-flamelake-commit': headers.get('x-flamelake-commit') ?? '' };
  }
  client = await connect(seesAll);
});
after(async () => {
  await client.close();
  await server.terminate();
});

test('it says what it is and which tools there are', async () => {
  assert.equal(client.getServerVersion()?.name, 'flamelake');
  assert.match(client.getInstructions() ?? '', /list_services/);
  const { tools } = await client.listTools();
  assert.deepEqual(
    tools.map(({ name }) => name),
    [
      'list_services',
      'list_profile_types',
      'list_labels',
      'top_functions',
      'diff_functions',
      'callers_and_callees',
      'time_series',
      'hot_lines',
    ],
  );
  assert.ok(tools.every(({ annotations, inputSchema }) => annotations?.readOnlyHint && inputSchema.type === 'object'));
});

test('the protocol of 2026 is spoken as well as that of 2025', async () => {
  assert.match(client.getNegotiatedProtocolVersion() ?? '', /^2025-/);
  const modern = await connect(seesAll, { versionNegotiation: { mode: 'auto' } });
  assert.match(modern.getNegotiatedProtocolVersion() ?? '', /^2026-/);
  assert.equal((await modern.listTools()).tools.length, 8);
  assert.equal((await ask('list_services', windowOf(BEFORE), modern)).lines[1]?.[0], 'shop');
  await modern.close();
});

test('services, types and labels are listed', async () => {
  const window = windowOf(BEFORE);
  const services = await ask('list_services', window);
  assert.equal(services.lines[1]?.[0], 'shop');
  assert.ok(services.lines[1]?.[1]?.split(' ').includes(CPU));
  assert.ok((await ask('list_profile_types', { ...window, selector: '{service_name="shop"}' })).text.includes(CPU));
  assert.ok((await ask('list_labels', window)).lines.some(([name]) => name === 'service_name'));
  assert.deepEqual((await ask('list_labels', { ...window, label: 'service_name' })).lines.slice(1), [['shop']]);
});

test('heaviest functions are those of the truth, with exact shares', async () => {
  const truth = truthOf(BEFORE);
  const { lines, text } = await ask('top_functions', { ...windowOf(BEFORE), rows: 200 });
  assert.match(text, new RegExp(`whole: ${truth.total} nanoseconds`));
  const rows = new Map(lines.filter((line) => line.length === 5).map((line) => [line[4], line]));
  for (const { name, flat, cum } of truth.top20_by_flat) {
    const wanted = [String(flat), share(flat, truth.total), String(cum), share(cum, truth.total), name];
    assert.deepEqual(rows.get(name), wanted);
  }
});

test('a difference has the shares of both truths', async () => {
  const [before, after] = [truthOf(BEFORE), truthOf(AFTER)];
  const { lines } = await ask('diff_functions', { before: windowOf(BEFORE), after: windowOf(AFTER), rows: 200 });
  let compared = 0;
  for (const { name, flat } of before.top20_by_flat) {
    const then = after.top20_by_flat.find((row) => row.name === name);
    const line = lines.find((one) => one[5] === name);
    if (then === undefined || line === undefined) continue;
    assert.deepEqual(line.slice(1, 5), [
      share(flat, before.total),
      share(then.flat, after.total),
      `${flat}`,
      `${then.flat}`,
    ]);
    compared++;
  }
  assert.ok(compared >= 3, `${compared} functions are in both`);
});

test('callers add up to the truth, lines to plain sums over the profile', async () => {
  const row = truthOf(BEFORE).top20_by_flat.find(({ flat, cum }) => flat > 0 && cum > flat);
  assert.ok(row !== undefined);
  const { lines } = await ask('callers_and_callees', { ...windowOf(BEFORE), function: row.name, rows: 200 });
  const sum = (...kinds: string[]) =>
    lines.filter(([kind]) => kinds.includes(kind ?? '')).reduce((all, [, value]) => all + Number(value), 0);
  assert.equal(sum('caller'), row.cum);
  assert.equal(sum('self', 'callee'), row.cum);
  assert.equal(sum('self'), row.flat);

  const profile = profileOf(BEFORE);
  const { strings, functions, locations } = profile.symbols;
  const type = profile.sampleTypes.findIndex(({ type: name }) => name === 'cpu');
  const bySource = new Map<string, bigint>();
  for (let sample = 0; sample < profile.sampleCount; sample++) {
    const at = locations.lineStart[profile.stacks.locations[profile.stacks.start[sample]]];
    const fn = locations.lineFunction[at];
    const key = `${stringAt(strings, functions.filename[fn])}:${locations.lineNumber[at]}\t${stringAt(strings, functions.name[fn])}`;
    const value = profile.values[sample * profile.sampleTypes.length + type];
    bySource.set(key, (bySource.get(key) ?? 0n) + value);
  }
  const hot = (await ask('hot_lines', { ...windowOf(BEFORE), rows: 50 })).lines
    .filter((line) => line.length === 6)
    .slice(1);
  assert.ok(hot.length >= 20);
  for (const [self, , , , place, name] of hot) assert.equal(String(bySource.get(`${place}\t${name}`) ?? 0n), self);
});

test('a series has the whole of both profiles', async () => {
  const range = { from: windowOf(BEFORE).from, until: windowOf(AFTER).until };
  const { text } = await ask('time_series', { ...range, group_by: ['service_name'] });
  const total = truthOf(BEFORE).total + truthOf(AFTER).total;
  assert.ok(text.includes(`{service_name="shop"} (${total}): `), text);
});

test('links lead to the view in the web app', async () => {
  const { lines } = await ask('top_functions', { ...windowOf(BEFORE), selector: '{service_name="shop"}' });
  const link = new URL(lines.at(-1)?.[0] ?? '');
  assert.equal(link.origin, new URL(server.url).origin);
  const state = parseLocation(link.pathname, link.search);
  assert.equal(state.view, 'explore');
  assert.deepEqual(
    [state.type, state.selector, state.tenant, state.pane],
    [CPU, '{service_name="shop"}', 'a', 'table'],
  );
  assert.equal(Number(state.until) - Number(state.from), 1_000);
  const diff = await ask('diff_functions', { before: windowOf(BEFORE), after: windowOf(AFTER) });
  const compared = new URL(diff.lines.at(-1)?.[0] ?? '');
  const { view, rightFrom } = parseLocation(compared.pathname, compared.search);
  assert.equal(view, 'compare');
  assert.equal(new Date(Number(rightFrom)).toISOString(), windowOf(AFTER).from);
});

test('what is wrong is said, limits hold, and an empty answer says what there is', async () => {
  const wrong: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
    ['top_functions', { selector: '{' }, /selector/],
    ['top_functions', { profile_type: 'cpu' }, /profile type/],
    ['top_functions', { from: 'yesterday' }, /time cannot be read/],
    ['top_functions', { from: 'now-60d' }, /query\.range-max/],
  ];
  for (const [tool, input, words] of wrong) {
    const { text, isError } = await ask(tool, input);
    assert.ok(isError, text);
    assert.match(text, words);
  }
  assert.match((await ask('top_functions', {})).text, /no profiles in the range/);
  const { text } = await ask('hot_lines', { ...windowOf(BEFORE), profile_type: SMALL_TYPE });
  assert.ok(text.includes(CPU), text);
  assert.match((await ask('callers_and_callees', { ...windowOf(BEFORE), function: 'nothing' })).text, /No stack holds/);
});

test('many long names stay within the bounds of an answer', async () => {
  const stacks = Array.from({ length: 500 }, (_, i) => ({ frames: [`${'n'.repeat(400)}.f${i}`], value: 1n }));
  const headers = { 'x-scope-orgid': 'wide' };
  const commit = await push(server.url, 'wide', smallPprof({ stacks, timeMs: Date.now() - 1_000 }), { headers });
  const wide = await connect({ ...headers, 'x-flamelake-commit': commit });
  const { text } = await ask('top_functions', { profile_type: SMALL_TYPE, rows: 200 }, wide);
  assert.match(text, /of 500 functions shown/);
  await wide.close();
});

test('no tenant sees another, and without a tenant nobody sees anything', async () => {
  const other = await connect({ 'x-scope-orgid': 'b' });
  assert.deepEqual((await ask('list_services', windowOf(BEFORE), other)).lines.slice(1), []);
  await other.close();
  await assert.rejects(connect());
});

test('pages of others are refused, large and broken messages too', async () => {
  const post = (body: string, headers: Record<string, string>) =>
    fetch(`${server.url}/mcp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-scope-orgid': 'a', ...headers },
      body,
    });
  const list = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
  assert.equal((await post(list, { origin: 'http://evil.example:4040' })).status, 403);
  assert.equal((await post(list, { origin: 'null' })).status, 403);
  assert.equal((await post('{', {})).status, 400);
  assert.equal((await post(`"${'x'.repeat(300_000)}"`, {})).status, 413);
  const accept = { accept: 'application/json, text/event-stream' };
  assert.equal((await post(list, { origin: 'http://localhost:6274', ...accept })).status, 200);
});

test('it can be turned off', async () => {
  const off = await startServer({ flags: ['--mcp.enabled=false', '--self-profiling.enabled=false'] });
  const answer = await fetch(`${off.url}/mcp`, { method: 'POST', body: '{}' });
  assert.equal(answer.status, 404);
  await off.terminate();
});
