/** The least that Grafana needs, asked as one would by hand: bodies as they come from its browser side, byte for byte. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conformanceWorld, lastHour, pprofOf, QUERIER, type WireFlamegraph } from './world.ts';

const TYPE = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';

const world = conformanceWorld(async ({ push }) => {
  const stacks = [{ frames: ['main', 'work'], value: 3_000 }];
  const labels = { __name__: 'process_cpu', service_name: 'x' };
  await push(labels, pprofOf('cpu', 'nanoseconds', stacks, Date.now() - 60_000));
});

const range = () => JSON.stringify(lastHour()).slice(1, -1);

async function post(method: string, body: string, contentType = 'application/json') {
  const response = await fetch(`${world.url}/${method}`, {
    method: 'POST',
    headers: { 'content-type': contentType, ...world.commit },
    body,
  });
  assert.equal(response.status, 200, method);
  assert.equal(response.headers.get('content-type'), contentType, method);
  return response;
}

test('the health check gets an empty message', async () => {
  assert.equal(await (await post(`${QUERIER}/ProfileTypes`, '{"start":1000,"end":4000}')).text(), '{}');
});

test('the list of services has both names in each set', async () => {
  const body = `{${range()},"labelNames":["service_name","__profile_type__"],"matchers":[]}`;
  assert.deepEqual(await (await post(`${QUERIER}/Series`, body)).json(), {
    labelsSet: [
      {
        labels: [
          { name: '__profile_type__', value: TYPE },
          { name: 'service_name', value: 'x' },
        ],
      },
    ],
  });
});

test('a selector with a comma at its end', async () => {
  const body = `{${range()},"profileTypeID":"${TYPE}","labelSelector":"{service_name=\\"x\\",}","step":15}`;
  const { series } = (await (await post(`${QUERIER}/SelectSeries`, body)).json()) as {
    series: { points: { value: number }[] }[];
  };
  assert.deepEqual(
    series.map(({ points }) => points.map(({ value }) => value)),
    [[3_000]],
  );
});

test('names as in the .proto file, and a format that is not known yet', async () => {
  const body = `{${range()},"profile_typeID":"${TYPE}","label_selector":"{}","format":"PROFILE_FORMAT_FUNCTIONS"}`;
  const answer = (await (await post(`${QUERIER}/SelectMergeStacktraces`, body)).json()) as {
    flamegraph: WireFlamegraph;
  };
  assert.deepEqual([answer.flamegraph.total, answer.flamegraph.names.toSorted()], ['3000', ['main', 'total', 'work']]);
});

test('the version, by an empty message', async () => {
  const bytes = await (await post('version.v1.Version/Version', '', 'application/proto')).bytes();
  // Field 1, the number of the API: 1.
  assert.deepEqual([...bytes], [8, 1]);
});
