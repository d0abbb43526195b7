/** Hostile and borderline uploads, through a real server: the status the corpus calls good or tolerable, and service afterwards. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startTestServer, totalsOf } from './distributor-server.test-support.ts';

interface MalformedCase {
  readonly file: string;
  readonly what: string;
  readonly expect: { readonly good: number | string; readonly also_ok: readonly (number | string)[] };
  readonly send: {
    readonly method: string;
    readonly path: string;
    readonly query: string;
    readonly headers: Readonly<Record<string, string>>;
  };
}

const corpus = process.env.FLAMELAKE_CORPUS ?? join(import.meta.dirname, '../../../test/corpus');
const folder = join(corpus, 'malformed');
/** Time of the profile the cases were made from, in seconds. */
const NOW_SECONDS = 1_795_208_400;

const isServed = ({ send }: MalformedCase) => send.path === '/push.v1.PusherService/Push' || send.path === '/ingest';

const cases = (JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as { cases: MalformedCase[] }).cases.filter(
  isServed,
);

const targetOf = ({ send }: MalformedCase) =>
  `${send.path}?${send.query.replaceAll(/%40NOW(-\d+)?/g, (_, back?: string) => String(NOW_SECONDS + Number(back ?? 0)))}`;

test('malformed uploads are answered as they should be', async (t) => {
  await using server = await startTestServer({ threadCount: 1 });
  server.setNow(NOW_SECONDS * 1_000);
  const control = cases.find(({ file }) => file === 'valid_control.pb.gz');
  assert(control !== undefined);
  const send = async (one: MalformedCase): Promise<{ status: number; text: string }> => {
    const body = readFileSync(join(folder, one.file));
    const { method, headers } = one.send;
    const response = await fetch(server.url + targetOf(one), { method, headers, body });
    return { status: response.status, text: await response.text() };
  };
  for (const one of cases) {
    await t.test(`${one.file}: ${one.what}`, async () => {
      const { status, text } = await send(one);
      assert([one.expect.good, ...one.expect.also_ok].includes(status), `${status} ${text}`);
      assert.equal((await send(control)).status, 200);
      // Node's own refusal of long headers, and Connect's of a content type, have no body.
      if ([200, 415, 431].includes(status)) return;
      const { code, message } = JSON.parse(text) as { code: string; message: string };
      assert.match(code, /^[a-z_]+$/);
      assert.match(message, /^[a-z_].+/);
    });
  }
});

/** Cases that must be stored, with their totals. */
const sound: Readonly<Record<string, bigint>> = {
  'valid_control.pb.gz': 12n,
  'unknown_fields.pb.gz': 12n,
  'loc_no_line.pb.gz': 12n,
  'semicolon_names.pb.gz': 12n,
  'numeric_labels.pb.gz': 12n,
  'negative_values.pb.gz': 7n,
  'q_label_dots.pb.gz': 12n,
  'mp_valid.bin': 12n,
  'push_valid.bin': 12n,
  'push_unsorted_labels.bin': 12n,
  'push_json_valid.json': 12n,
};
for (const [file, total] of Object.entries(sound)) {
  test(`${file} is stored whole`, async () => {
    await using server = await startTestServer({ threadCount: 1 });
    server.setNow(NOW_SECONDS * 1_000);
    const one = cases.find((candidate) => candidate.file === file);
    assert(one !== undefined);
    const { method, headers } = one.send;
    const response = await fetch(server.url + targetOf(one), {
      method,
      headers,
      body: readFileSync(join(folder, file)),
    });
    assert.equal(response.status, 200, await response.text());
    const [first] = totalsOf(await server.profiles()).values();
    assert.equal(first, total);
  });
}
