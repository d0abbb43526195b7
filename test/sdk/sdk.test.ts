/** Real SDKs against a real server: their functions, labels and profile types come back. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ask, type ServerProcess, startServer } from '../e2e/server-process.ts';
import { aroundNow } from '../e2e/small-profile.ts';
import { install, skipUnlessOnPath } from './install.ts';
import { SDKS } from './sdks.ts';

const QUERIER = 'querier.v1.QuerierService';

// Most of them wait for their own clocks as long as they burn CPU.
describe('SDKs', { concurrency: 2 }, () => {
  let server: ServerProcess;
  before(async () => {
    server = await startServer({ flags: ['--self-profiling.enabled=false'] });
  });
  after(() => server.terminate());

  for (const [name, sdk] of Object.entries(SDKS)) {
    test(`${name} works unchanged`, { skip: skipUnlessOnPath(sdk.needs) }, async () => {
      await install(sdk.install);
      await sdk.run({ ...process.env, SERVER: server.url });
      const range = aroundNow();
      const matchers = [`{service_name="${sdk.service}"}`];
      const { labelsSet = [] } = await ask<{ labelsSet?: { labels: { name: string; value: string }[] }[] }>(
        server.url,
        `${QUERIER}/Series`,
        { ...range, matchers },
        // Names with dots are shown to those who can read them.
        { accept: '*/*;allow-utf8-labelnames=true' },
      );
      const valuesOf = (wanted: string) =>
        new Set(
          labelsSet.flatMap(({ labels }) => labels.filter((label) => label.name === wanted).map(({ value }) => value)),
        );
      const types = valuesOf('__profile_type__');
      for (const type of sdk.types) assert.ok(types.has(type), `${type} is missing, seen ${[...types].join(' ')}`);
      for (const [label, value] of Object.entries(sdk.labels ?? {})) {
        const values = valuesOf(label);
        assert.ok(values.has(value), `${label}=${value} is missing, seen ${[...values].join(' ')}`);
      }

      const more = sdk.hot.labels === undefined ? '' : `,${sdk.hot.labels}`;
      const labelSelector = `{service_name="${sdk.service}"${more}}`;
      const { flamegraph } = await ask<{ flamegraph: { names: string[]; total: string } }>(
        server.url,
        `${QUERIER}/SelectMergeStacktraces`,
        { ...range, profileTypeID: sdk.hot.type, labelSelector },
      );
      assert.ok(
        flamegraph.names.some((frame) => frame.includes(sdk.hot.name)),
        `${sdk.hot.name} is missing, seen ${flamegraph.names.slice(0, 50).join(' ')}`,
      );
      // How much a program gets to burn is for the machine to say.
      assert.ok(
        Number(flamegraph.total) > 1e8,
        `more than a tenth of a second was burnt, counted ${flamegraph.total} ns`,
      );
    });
  }
});
