/** `flamelake config check` finds what would keep a server from starting, with real components and without. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { bucketFlags, type Ground, startGround, whyNoCluster } from './cluster.ts';
import { startServer, temporaryDirectory } from './server-process.ts';

const MAIN = new URL('../../services/flamelake/src/main.ts', import.meta.url).pathname;
const skip = (await whyNoCluster()) ?? false;
let ground: Ground;

before(async () => {
  if (skip === false) ground = await startGround();
});
after(() => ground?.stop());

function check(...flags: string[]): Promise<{ code: number; text: string }> {
  return config('check', flags);
}

function config(word: string, flags: readonly string[]): Promise<{ code: number; text: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, 'config', word, ...flags], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), text: stdout + stderr });
    });
  });
}

test('a directory that can be written is enough for all roles', async () => {
  const { code, text } = await check(`--data.directory=${temporaryDirectory()}`);
  assert.equal(code, 0, text);
  assert.match(text, /ok {5}store: files takes.*\nall would start\n$/s);
});

test('a directory that is a file, and a broken overrides file, are told together', async () => {
  const directory = temporaryDirectory();
  writeFileSync(`${directory}/file`, 'overrides: { a: { limits: { samples-maxx: 1 } } }');
  chmodSync(`${directory}/file`, 0o600);
  const { code, text } = await check(`--data.directory=${directory}/file`, `--runtime-config.file=${directory}/file`);
  assert.equal(code, 1);
  assert.match(text, /WRONG {2}overrides: .*samples-maxx/);
  assert.match(text, /WRONG {2}directory: data directory cannot be written/);
  assert.match(text, /all would not start\n$/);
});

test('a scrape configuration is read, and what is wrong in it is named', async () => {
  const directory = temporaryDirectory();
  const file = `${directory}/scrape.yaml`;
  const flags = [`--data.directory=${directory}`, `--scraper.config-file=${file}`];
  assert.match((await check(...flags)).text, /WRONG {2}scraping: .*ENOENT/);
  writeFileSync(file, 'scrape-configs: [{ job-name: a, enabled-profiles: [gpu] }]');
  assert.match((await check(...flags)).text, /WRONG {2}scraping: .*scrape-configs\[0\]\.enabled-profiles\[0\]/);
  writeFileSync(file, 'scrape-configs: [{ job-name: a }]');
  assert.match((await check(...flags)).text, /ok {5}scraping: 1 jobs/);
  assert.match((await check(...flags, '--target=scraper')).text, /WRONG {2}scraping: .*scraper\.push-url/);
});

test('a scraper needs no bucket: it checks none, makes none and starts without', async () => {
  const directory = temporaryDirectory();
  const file = `${directory}/scrape.yaml`;
  writeFileSync(file, 'scrape-configs: [{ job-name: a }]');
  const role = ['--target=scraper', `--scraper.config-file=${file}`, '--scraper.push-url=http://127.0.0.1:1'];
  // Nobody listens there.
  const flags = [...role, ...bucketFlags(1)];
  for (const word of ['check', 'create']) {
    const { code, text } = await config(word, flags);
    assert.equal(code, 0, text);
    assert.doesNotMatch(text, /store:/);
  }
  const data = `${directory}/data`;
  const scraper = await startServer({ directory: data, flags });
  assert.equal((await fetch(`${scraper.url}/ready`)).status, 200);
  assert.equal(await scraper.terminate(), 0);
  assert.equal(existsSync(data), false);
});

test('wrong options are named before anything is tried', async () => {
  const { code, text } = await check('--kafka.topik=x');
  assert.equal(code, 64);
  assert.match(text, /kafka\.topik.*kafka\.topic/);
  assert.equal((await check('--target=nobody')).code, 64);
});

test('every role finds its log, store and cache', { skip }, async () => {
  for (const [target, found] of [
    ['distributor', /ok {5}log: topic flamelake-profiles, 4 partitions/],
    ['segment-writer', /ok {5}log: topic/],
    ['querier', /ok {5}cache: Redis at 127/],
    ['compactor', /ok {5}store: s3/],
  ] as const) {
    const { code, text } = await check(`--target=${target}`, ...ground.flags, ...ground.sharedResults);
    assert.equal(code, 0, text);
    assert.match(text, found);
  }
});

test('a wrong secret, a topic that is not as it must be and a Redis that is away are told', { skip }, async () => {
  const secret = await check('--target=compactor', ...ground.flags, '--store.s3.secret-key=wrong');
  assert.match(secret.text, /WRONG {2}store: /);
  const topic = await check('--target=distributor', ...ground.flags, '--kafka.partitions=64');
  assert.match(topic.text, /WRONG {2}log: .*partitions/);
  const redis = await check(
    '--target=querier',
    ...ground.flags,
    '--redis.mode=single',
    '--redis.addresses=127.0.0.1:1',
  );
  assert.match(redis.text, /WRONG {2}cache: redis does not give back/);
  assert.deepEqual([secret.code, topic.code, redis.code], [1, 1, 1]);
});

test('bucket and topic are made where there are none, and left as they are', { skip }, async () => {
  const flags = ['--target=distributor', ...ground.flags, '--store.s3.bucket=made-here', '--kafka.topic=made-here'];
  assert.match((await check(...flags, '--kafka.partitions=2')).text, /WRONG {2}store: bucket does not exist/);
  const others = [...flags, '--kafka.topic=made-too'];
  const [first, rival] = await Promise.all([config('create', others), config('create', others)]);
  assert.deepEqual([first.code, rival.code], [0, 0], first.text + rival.text);
  assert.match(first.text + rival.text, /ok {5}store: the bucket was made; s3 takes/);
  assert.match(first.text + rival.text, /ok {5}log: topic made-too, 4 partitions, was made\n/);
  const again = await config('create', others);
  assert.equal(again.code, 0, again.text);
  assert.doesNotMatch(again.text, /was made/);
  const other = await config('create', [...others, '--kafka.partitions=8']);
  assert.equal(other.code, 1);
  assert.match(other.text, /WRONG {2}log: kafka topic has another number of partitions/);
});
