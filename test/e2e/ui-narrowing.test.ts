/** From all profiles to one: a heat map's cell lists its profiles, exports are of what is shown, a page that breaks says so. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { decodePprof } from '@flamelake/formats';
import type { Page } from 'playwright-core';
import { push, SMALL_TYPE, smallPprof, totalOf } from './small-profile.ts';
import {
  barLine,
  chromiumLacks,
  contrastInDark,
  openPage,
  startWebApp,
  viewAddress,
  violations,
  type WebApp,
} from './ui-browser.ts';

const SELECTOR = '{service_name="fleet"}';
/** In one step of time, alike enough for one cell; `z` is far larger than all. */
const VALUES: Readonly<Record<string, bigint>> = { a: 1_000n, b: 1_002n, c: 1_001n, z: 90_000n };
const skip = await chromiumLacks();
let web: WebApp;
let page: Page;

before(async () => {
  if (skip !== false) return;
  web = await startWebApp({ prepare: pushFleet });
  page = web.page;
});
after(() => web?.close());

/** All at the same moment, as a scraper of many pods would. */
async function pushFleet(url: string): Promise<void> {
  const timeMs = Math.floor(Date.now() / 60_000) * 60_000 - 5_000;
  let commit = '';
  for (const [pod, value] of Object.entries(VALUES)) {
    const stacks = [
      { frames: ['main', 'work'], value: value - 400n },
      { frames: ['main', 'wait'], value: 400n },
    ];
    const profile = smallPprof({ stacks, timeMs });
    await push(url, 'fleet', profile, { labels: { __name__: 'process_cpu', pod, region: 'eu' } });
    commit = await push(url, 'fleet', profile, { labels: { pod, region: 'eu' } });
  }
  assert.equal(await totalOf(url, 'fleet', commit), 93_003n);
}

const address = (more: Record<string, string> = {}): string =>
  viewAddress(web.server.url, '/explore', { selector: SELECTOR, ...more });

test('a cell of several profiles lists them, and each is opened', { skip }, async () => {
  await page.goto(address({ chart: 'heatmap' }));
  await barLine(page).getByText('93.0 k').waitFor();
  const cells = page.locator('.cell');
  await cells.nth(1).waitFor();
  assert.equal(await cells.count(), 2);
  await page.getByRole('tab', { name: 'Heat map' }).focus();
  await page.keyboard.press('Tab');
  await page.locator('.legend').getByText('Click or press Enter to list them').waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: /^3 profiles from 1 k,/ }).waitFor();
  const rows = page.getByRole('region', { name: 'List of profiles' }).locator('tbody tr');
  await rows.nth(2).waitFor();
  const told = await rows.allTextContents();
  // The largest first; what tells them apart before what they share.
  assert.deepEqual(
    told.map((row) => row.replace(/\d{4}-\d\d-\d\d.*:\d\d/, ' ')),
    ['b', 'c', 'a'].map((pod) => `pod=${pod}, region=eu, service_name=fleet ${pod === 'a' ? '1 k' : '1.00 k'}`),
  );
  assert.deepEqual([...(await violations(page)), ...(await contrastInDark(page))], []);
  // From the heading over the button that closes, and the list itself.
  for (let i = 0; i < 3; i++) await page.keyboard.press('Tab');
  assert.match(await page.evaluate<string>('document.activeElement.title'), /^pod=b,/);
  await page.keyboard.press('Enter');
  await barLine(page).getByText('1.00 k (100.0%)').waitFor();
  const first = /profile=([0-9a-f-]{36})/.exec(page.url())?.[1];
  await page.getByRole('button', { name: /pod=a/ }).click();
  await page.getByRole('button', { name: /pod=a/ }).and(page.locator('[aria-current=true]')).waitFor();
  const second = /profile=([0-9a-f-]{36})/.exec(page.url())?.[1];
  assert.ok(first !== undefined && second !== undefined && first !== second, page.url());
  await page.keyboard.press('Escape');
  await page.getByRole('region', { name: 'List of profiles' }).waitFor({ state: 'detached' });
  assert.equal(await page.evaluate('document.activeElement.getAttribute("role")'), 'grid');
  await page.keyboard.press('ArrowUp');
  await page.locator('.legend').getByText('Click or press Enter to open it').waitFor();
  await page.keyboard.press('Enter');
  await barLine(page).getByText('90 k (100.0%)').waitFor();
});

test('exports are of the call site and the profile that are shown', { skip }, async () => {
  const focus = new URLSearchParams({ type: SMALL_TYPE, selector: SELECTOR });
  for (const name of ['main', 'work']) focus.append('focus', name);
  await page.goto(`${web.server.url}/explore?${focus.toString()}`);
  await barLine(page).getByText('91.4 k (100.0%)').waitFor();
  await page.getByText('Export', { exact: true }).click();
  const json = async () => JSON.parse((await exported('JSON')).toString()) as { flamebearer: { numTicks: number } };
  assert.equal((await json()).flamebearer.numTicks, 91_403);
  const dot = (await exported('DOT')).toString();
  assert.match(dot, /^digraph [^]*work/);
  assert.doesNotMatch(dot, /wait/);
  assert.equal(totalOfPprof(await exported('pprof')), 91_403n);
  await page.goto(address({ chart: 'heatmap' }));
  await page.locator('.cell').nth(1).click();
  await barLine(page).getByText('90 k (100.0%)').waitFor();
  await page.getByText('Export', { exact: true }).click();
  assert.equal((await json()).flamebearer.numTicks, 90_000);
  assert.equal(totalOfPprof(await exported('pprof')), 90_000n);
});

test('what a compiler is given is of the labels that are shown, and says that it is of all call sites', {
  skip,
}, async () => {
  const one = '{service_name="fleet", pod="z"}';
  const type = SMALL_TYPE.replace('test:', 'process_cpu:');
  await page.goto(`${address({ type, selector: one })}&focus=main&focus=work`);
  await barLine(page).getByText('89.6 k (100.0%)').waitFor();
  await page.getByText('Export', { exact: true }).click();
  const bytes = await exported('default.pgo, for go build (of all profiles and call sites)');
  assert.equal(totalOfPprof(bytes), 90_000n);
});

test('a page that breaks says so, and its address still leads there', { skip }, async () => {
  const complaints: string[] = [];
  const broken = await openPage(web.browser, complaints);
  // What stands between page and server may answer anything.
  await broken.route('**/SelectHeatmap', (route) =>
    route.fulfill({ json: { series: [{ slots: [{ timestamp: '1', yMin: [1], counts: 'none' }] }] } }),
  );
  await broken.goto(address({ chart: 'heatmap' }));
  const alert = broken.getByRole('alert');
  await alert
    .getByText(/^This page broke: TypeError: .*\. Load it again; the address still says what was looked at\.$/)
    .waitFor();
  assert.deepEqual(await violations(broken, ['main']), []);
  assert.notEqual(complaints.length, 0, 'the console has the error itself');
  await broken.unroute('**/SelectHeatmap');
  await broken.reload();
  await broken.locator('.cell').first().waitFor();
  assert.equal(await alert.count(), 0);
  await broken.close();
});

test('no error is on the console', { skip }, () => {
  assert.deepEqual(web.complaints, []);
});

async function exported(name: string): Promise<Buffer> {
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name, exact: true }).click();
  const stream = await (await download).createReadStream();
  return Buffer.concat(await stream.toArray());
}

function totalOfPprof(bytes: Uint8Array): bigint {
  return decodePprof(gunzipSync(bytes)).values.reduce((sum, value) => sum + value, 0n);
}
