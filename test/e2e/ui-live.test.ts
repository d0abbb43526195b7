/** The web app over what happens now: the server's own profiles as they come, targets that are scraped, pages that look again. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { decodePprof } from '@flamelake/formats';
import type { Page } from 'playwright-core';
import { formatValue } from '../../services/ui/src/model/units.ts';
import { install, skipUnlessOnPath } from '../sdk/install.ts';
import { SDKS } from '../sdk/sdks.ts';
import { ask, temporaryDirectory } from './server-process.ts';
import { push, smallPprof, totalOf } from './small-profile.ts';
import { barLine, chromiumLacks, startWebApp, viewAddress, type WebApp } from './ui-browser.ts';

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const OWN = '{service_name="flamelake"}';
const skip = await chromiumLacks();
let target: Server;
let web: WebApp;
let page: Page;

before(async () => {
  if (skip !== false) return;
  target = createServer((_, response) => {
    response.end(smallPprof({ stacks: [{ frames: ['main', 'serve'], value: 3n }], timeMs: Date.now() }));
  });
  await once(target.listen(0, '127.0.0.1'), 'listening');
  const { port } = target.address() as AddressInfo;
  const config = join(temporaryDirectory(), 'scrape.yaml');
  const job = (name: string, address: string) => ({
    'job-name': name,
    'scrape-interval': '1s',
    'scrape-timeout': '10s',
    'enabled-profiles': ['goroutines'],
    'static-configs': [{ targets: [address] }],
  });
  writeFileSync(
    config,
    JSON.stringify({ 'scrape-configs': [job('up', `127.0.0.1:${port}`), job('down', '127.0.0.1:1')] }),
  );
  web = await startWebApp({ flags: ['--self-profiling.interval=1s', `--scraper.config-file=${config}`] });
  page = web.page;
});
after(async () => {
  await web?.close();
  target?.close();
});

/** Asks again until there is what is looked for. */
async function until<Found>(look: () => Promise<Found | undefined>): Promise<Found> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

test('of a program that profiles itself the page shows the truth', { skip }, async () => {
  const startMs = Date.now() - 600_000;
  const query = { start: startMs, end: startMs + 1_200_000, profileTypeID: CPU, labelSelector: OWN };
  interface Answer {
    readonly series?: readonly { readonly points: readonly { readonly timestamp: string }[] }[];
  }
  // Its profiles come one after another: when a later second has one, those before it are complete.
  const untilMs = await until(async () => {
    const method = 'querier.v1.QuerierService/SelectSeries';
    const { series = [] } = await ask<Answer>(web.server.url, method, { ...query, step: 1 });
    const points = series[0]?.points ?? [];
    return points.length < 3 ? undefined : Number(points.at(-1)?.timestamp) - 1_001;
  });
  const { flamegraph } = await ask<{ flamegraph: { total: string } }>(
    web.server.url,
    'querier.v1.QuerierService/SelectMergeStacktraces',
    { ...query, end: untilMs },
  );
  assert.ok(Number(flamegraph.total) > 0);
  const range = { from: String(startMs), until: String(untilMs) };
  await page.goto(viewAddress(web.server.url, '/explore', { type: CPU, selector: OWN, ...range }));
  await barLine(page)
    .getByText(`${formatValue(Number(flamegraph.total), 'nanoseconds')} (100.0%)`)
    .waitFor();
  await page.getByText('Export', { exact: true }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'default.pgo' }).click();
  const { values } = decodePprof(gunzipSync(readFileSync(await (await download).path())));
  assert.ok(values.some((value) => value > 0n));
});

test('of a program with an SDK too', { skip: skip || skipUnlessOnPath('npm') }, async () => {
  const { service, hot, ...sdk } = SDKS['@pyroscope/nodejs'];
  const startMs = Date.now();
  await install(sdk.install);
  await sdk.run({ ...process.env, SERVER: web.server.url });
  // Whoever asks behind this one has all that the program has pushed.
  const last = await push(
    web.server.url,
    service,
    smallPprof({ stacks: [{ frames: ['end'], value: 1n }], timeMs: Date.now() }),
  );
  const range = { from: String(startMs), until: String(Date.now() + 60_000) };
  const selector = `{service_name="${service}"}`;
  const { flamegraph } = await ask<{ flamegraph: { total: string } }>(
    web.server.url,
    'querier.v1.QuerierService/SelectMergeStacktraces',
    { start: range.from, end: range.until, profileTypeID: hot.type, labelSelector: selector },
    { 'x-flamelake-commit': last },
  );
  assert.ok(Number(flamegraph.total) > 0);
  const view = { type: hot.type, selector, pane: 'both', search: hot.name };
  await page.goto(viewAddress(web.server.url, '/explore', { ...view, ...range }));
  await barLine(page)
    .getByText(`${formatValue(Number(flamegraph.total), 'nanoseconds')} (100.0%)`)
    .waitFor();
  await page.getByRole('row', { name: hot.name }).waitFor();
});

test('a page that looks again by itself shows what has come', { skip }, async () => {
  const stacks = [{ frames: ['main', 'work'], value: 40n }];
  const first = await push(web.server.url, 'ticking', smallPprof({ stacks, timeMs: Date.now() - 2_000 }));
  assert.equal(await totalOf(web.server.url, 'ticking', first), 40n);
  const selector = '{service_name="ticking"}';
  await page.goto(viewAddress(web.server.url, '/explore', { selector }));
  await barLine(page).getByText('40 (100.0%)').waitFor();
  await page.getByLabel('Refresh', { exact: true }).selectOption('Every 5 s');
  await page.waitForURL(/refresh=5/);
  await page.goto(viewAddress(web.server.url, '/explore', { selector, refresh: '1' }));
  await barLine(page).getByText('40 (100.0%)').waitFor();
  await push(web.server.url, 'ticking', smallPprof({ stacks, timeMs: Date.now() - 1_000 }));
  await barLine(page).getByText('80 (100.0%)').waitFor();
});

test('the status tells of targets, ingestion, catalog and limits', { skip }, async () => {
  await page.goto(`${web.server.url}/status?refresh=1`);
  const row = (name: string) => page.getByRole('row').filter({ hasText: name });
  await row('up').getByRole('cell', { name: 'up', exact: true }).last().waitFor();
  await row('down')
    .locator('.error', { hasText: /connect|ECONNREFUSED|refused/i })
    .waitFor();
  await page.getByText('1 of them without success').waitFor();
  await page.getByText(/it has taken .* profiles, .* as sent/).waitFor();
  await page.getByText(/services have sent profiles in the last hour/).waitFor();
  await page.getByText(/are stored\. The oldest profile is of \d{4}-/).waitFor();
  await page
    .locator('dd', { hasText: /in \d+ (segment|block)s?/ })
    .first()
    .waitFor();
  await page.getByText(/it has answered .* queries, half of them within/).waitFor();
  await page.getByText('250,000').waitFor();
});

test('no error is on the console', { skip }, () => {
  assert.deepEqual(web.complaints, []);
});
