/** Every recorded upload of real clients, as they framed it, through a real server: what the log holds is what the truth says. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ProfileRecord } from '@flamelake/formats';
import { labelValue } from '@flamelake/model';
import { startTestServer, totalsOf } from './distributor-server.test-support.ts';
import { ingestProfileName } from './ingest/profile-name.ts';
import { parseSampleTypeConfig } from './ingest/sample-type-config.ts';

interface RecordedPayload {
  readonly file: string;
  readonly kind: string;
  readonly series_labels?: Readonly<Record<string, string>>;
}

interface RecordedRequest {
  readonly id: string;
  readonly file: string;
  readonly path: string;
  readonly raw_target: string;
  readonly raw_headers: readonly string[];
  readonly query: Readonly<Record<string, string>>;
  readonly received_unix_ms: number;
  readonly payloads: readonly RecordedPayload[];
  readonly app: string;
  readonly series_labels?: Readonly<Record<string, string>>;
  readonly sample_type_config?: unknown;
}

interface TruthType {
  readonly type: string;
  readonly unit: string;
  readonly total: number;
  readonly total_by_label?: Readonly<Record<string, number>>;
}

interface Truth {
  readonly period_type?: string;
  readonly time_nanos: number;
  readonly sample_types: readonly TruthType[];
}

const corpus = process.env.FLAMELAKE_CORPUS ?? join(import.meta.dirname, '../../../test/corpus');
/** Runs of clients that send pprof. */
const RUNS = ['go-shop', 'node-market', 'node-strip', 'py08-survey', 'py-survey', 'py-full', 'rust-fleet'];
const recorded = new Set(readdirSync(join(corpus, 'recorded')));

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

/** Headers that say something about the body or the tenant. */
function sentHeaders(request: RecordedRequest): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let i = 0; i + 1 < request.raw_headers.length; i += 2) {
    const name = (request.raw_headers[i] ?? '').toLowerCase();
    if (/^(content-type|content-encoding|x-scope-orgid)$/.test(name)) headers[name] = request.raw_headers[i + 1] ?? '';
  }
  return headers;
}

function profileNameOf(request: RecordedRequest, payload: RecordedPayload, truth: Truth): string {
  const own = payload.series_labels?.__name__;
  if (own !== undefined) return own;
  const config = request.sample_type_config;
  return ingestProfileName(
    truth.sample_types.map(({ type }) => type),
    config === undefined ? undefined : parseSampleTypeConfig(Buffer.from(JSON.stringify(config))),
  );
}

function expectedTotals(request: RecordedRequest, payload: RecordedPayload, truth: Truth): Map<string, bigint> {
  const name = profileNameOf(request, payload, truth);
  const [periodType = '', periodUnit = ''] = (truth.period_type ?? '').split('/');
  return new Map(
    truth.sample_types.map(({ type, unit, total }) => [
      `${name === 'wall' && type === 'cpu' ? 'process_cpu' : name}:${type}:${unit}:${periodType}:${periodUnit}`,
      BigInt(total),
    ]),
  );
}

/** Labels the client sent are on every group; totals by each sample label are those of the truth. */
function checkLabels(request: RecordedRequest, payload: RecordedPayload, truth: Truth, stored: ProfileRecord): void {
  const sent = Object.entries(payload.series_labels ?? request.series_labels ?? {});
  for (const { labels } of stored.groups) {
    assert.equal(labelValue(labels, 'service_name'), request.app);
    for (const [name, value] of sent) {
      if (!name.startsWith('__')) assert.equal(labelValue(labels, name), value, name);
    }
    assert.equal(labelValue(labels, '__session_id__'), '');
    if (request.path === '/ingest') assert.equal(labelValue(labels, 'pyroscope_spy'), request.query.spyName);
  }
  truth.sample_types.forEach(({ total_by_label: byLabel }, t) => {
    for (const [pair, total] of Object.entries(byLabel ?? {})) {
      const name = pair.slice(0, pair.indexOf('='));
      const isOfSeries = sent.some(([sentName]) => sentName === name);
      if (isOfSeries || /^(span_id|trace_id|profile_id)$/.test(name)) continue;
      const found = stored.groups
        .filter(({ labels }) => labelValue(labels, name) === pair.slice(name.length + 1))
        .flatMap(({ values, sampleCount }) => [...values.subarray(t * sampleCount, (t + 1) * sampleCount)])
        .reduce((sum, value) => sum + value, 0n);
      assert.equal(found, BigInt(total), pair);
    }
  });
}

for (const run of RUNS) {
  test(`recorded run ${run}`, { skip: recorded.has(run) ? false : 'not in this corpus' }, async () => {
    const { requests } = readJson(join(corpus, 'recorded', run, 'requests.json')) as {
      requests: RecordedRequest[];
    };
    assert.equal(requests.length, readdirSync(join(corpus, 'recorded', run)).length - 1);
    await using server = await startTestServer();
    for (const request of requests) {
      server.setNow(request.received_unix_ms);
      const before = (await server.profiles()).length;
      const send = (): Promise<Response> =>
        fetch(server.url + request.raw_target, {
          method: 'POST',
          headers: sentHeaders(request),
          body: readFileSync(join(corpus, request.file)),
        });
      const response = await send();
      const text = await response.text();
      assert.equal(response.status, 200, `${request.id} ${text}`);
      if (request.path === '/ingest') assert.equal(text, '');
      assert.match(response.headers.get('x-flamelake-commit') ?? '', /^\[\[\d+,\d+\]\]$/);

      const stored = (await server.profiles()).slice(before);
      assert.equal(stored.length, request.payloads.length, request.id);
      for (const payload of request.payloads) {
        const truth = readJson(join(corpus, 'truth', `${payload.file}.json`)) as Truth;
        const expected = expectedTotals(request, payload, truth);
        const own = stored.find((profile) => [...totalsOf([profile]).keys()].join() === [...expected.keys()].join());
        assert(own !== undefined, `${request.id} ${payload.file}`);
        assert.deepEqual(totalsOf([own]), expected, `${request.id} ${payload.file}`);
        assert(Math.abs(Number(own.timeNanos) - truth.time_nanos) < 1e6, 'the time is the payload’s own');
        checkLabels(request, payload, truth, own);
      }

      assert.equal((await send()).status, 200);
      const twice = (await server.profiles()).slice(before + stored.length);
      const identities = (profiles: readonly ProfileRecord[]) =>
        profiles.map(({ identity }) => Buffer.from(identity).toString('hex')).sort();
      assert.deepEqual(identities(twice), identities(stored), 'a resend is the same profile');
    }
  });
}
