/** The web app in a real browser, over real profiles. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { decodePprof } from '@flamelake/formats';
import type { Page } from 'playwright-core';
import { barLine, chromiumLacks, openPage, pushShop, startWebApp, viewAddress, type WebApp } from './ui-browser.ts';

const ROW = 20;
const skip = await chromiumLacks();
let web: WebApp;
let page: Page;

before(async () => {
  if (skip !== false) return;
  web = await startWebApp({ prepare: pushShop });
  page = web.page;
});
after(() => web?.close());

const address = (path: string, more: Record<string, string> = {}): string => viewAddress(web.server.url, path, more);

/** Clicks a bar: `share` of the width, in a row of the flame graph. */
async function clickBar(row: number, share: number): Promise<void> {
  const box = await page.locator('.flame canvas').first().boundingBox();
  assert.ok(box);
  await page.mouse.click(box.x + share * box.width, box.y + (row + 0.5) * ROW);
}

test('from all services to one function, and back', { skip }, async () => {
  await page.goto(address('/'));
  await page.locator('.card', { hasText: 'shop' }).click();
  await barLine(page).getByText('1.90 k (100.0%)').waitFor();
  assert.match(page.url(), /\/explore\?.*selector=/);
  // Row 3 is what `handle` calls: parse takes 1200 of 1900, and comes first by its name.
  await clickBar(3, 0.3);
  await barLine(page).getByText('parse').waitFor();
  assert.match((await barLine(page).textContent()) ?? '', /1\.20 k \(63\.2%\), self 1\.20 k/);
  await page.getByRole('button', { name: 'Callers and callees' }).click();
  await page.getByRole('heading', { name: 'Callers of parse' }).waitFor();
  assert.match(page.url(), /about=parse/);
  await page.goBack();
  await page.goBack();
  await page.locator('.card', { hasText: 'shop' }).waitFor();
});

test('focus asks again for what lies below a call site', { skip }, async () => {
  await page.goto(address('/explore', { selector: '{service_name="shop"}' }));
  await barLine(page).getByText('1.90 k').waitFor();
  await clickBar(3, 0.3);
  await page.getByRole('button', { name: 'Focus', exact: true }).click();
  await barLine(page).getByText('1.20 k (100.0%)').waitFor();
  assert.match(page.url(), /focus=main&focus=handle&focus=parse/);
});

test('table and search show what a function costs', { skip }, async () => {
  await page.goto(address('/explore', { selector: '{service_name="shop"}', pane: 'table', search: 'rend' }));
  const row = page.getByRole('row', { name: /render/ });
  await row.waitFor();
  assert.match((await row.textContent()) ?? '', /600 31\.6%600 31\.6%/);
  assert.equal(await page.getByRole('row').count(), 2);
});

test('a range is chosen by dragging over the time series', { skip }, async () => {
  await page.goto(address('/explore', { selector: '{service_name="shop"}' }));
  await barLine(page).getByText('1.90 k (100.0%)').waitFor();
  const box = await page.locator('.u-over').boundingBox();
  assert.ok(box);
  await page.mouse.move(box.x + 2, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2, box.y + 20, { steps: 4 });
  await page.mouse.up();
  // The late profile lies in the half that was left out.
  await barLine(page).getByText('900 (100.0%)').waitFor();
  assert.match(page.url(), /from=\d{13}&until=\d{13}/);
});

test('a heat map leads to a single profile', { skip }, async () => {
  await page.goto(address('/explore', { selector: '{service_name="shop"}', chart: 'heatmap' }));
  await barLine(page).getByText('1.90 k').waitFor();
  const cells = page.locator('.cell');
  await cells.first().waitFor();
  assert.equal(await cells.count(), 2);
  await cells.last().click();
  await barLine(page).getByText('1 k (100.0%)').waitFor();
  assert.match(page.url(), /profile=[0-9a-f-]{36}/);
});

test('what is shown is exported, with exact totals', { skip }, async () => {
  await page.goto(address('/explore', { selector: '{service_name="shop"}' }));
  await barLine(page).getByText('1.90 k').waitFor();
  await page.getByText('Export', { exact: true }).click();
  const exported = async (name: string): Promise<Buffer> => {
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name }).click();
    return readFileSync(await (await download).path());
  };
  assert.match((await exported('Picture (SVG)')).toString(), /^<svg .*>parse<\/text>/);
  assert.equal((await exported('Picture (PNG)')).subarray(1, 4).toString(), 'PNG');
  assert.equal(
    (await exported('Folded stacks')).toString(),
    'main;idle 100\nmain;handle;parse 1200\nmain;handle;render 600\n',
  );
  const { values } = decodePprof(gunzipSync(await exported('pprof')));
  assert.equal(
    values.reduce((sum, value) => sum + value, 0n),
    1_900n,
  );
});

test('bars may be lines, and keys walk them', { skip }, async () => {
  await page.goto(address('/explore', { selector: '{service_name="shop"}', frames: 'line', recursion: 'collapsed' }));
  await barLine(page).getByText('1.90 k').waitFor();
  await page.locator('.flame canvas').focus();
  for (const [key, name] of [
    ['ArrowDown', 'main:1'],
    ['ArrowDown', 'handle:1'],
    ['ArrowRight', 'idle:1'],
    ['ArrowUp', 'main:1'],
  ]) {
    await page.keyboard.press(key);
    await barLine(page).locator('b', { hasText: name }).waitFor();
  }
});

test('labels have shares, and lead to the series of one value', { skip }, async () => {
  await page.goto(address('/labels', { selector: '{service_name="shop"}', groupBy: 'region' }));
  const us = page.getByRole('row', { name: /us/ });
  await us.waitFor();
  assert.match((await us.textContent()) ?? '', /1 k52\.6%/);
  await us.getByRole('button', { name: 'us', exact: true }).click();
  await barLine(page).getByText('1 k (100.0%)').waitFor();
});

test('a value of a label is compared with the others', { skip }, async () => {
  await page.goto(address('/labels', { selector: '{service_name="shop"}' }));
  await page.getByRole('button', { name: 'region 2' }).click();
  await page.getByRole('button', { name: 'Compare us with the others' }).click();
  await barLine(page).getByText('before 900 (100.0%), self 0; after 1 k (100.0%)').waitFor();
  assert.match(
    decodeURIComponent(page.url()),
    /selector=\{service_name="shop",\+region!="us"\}&rightSelector=.*region="us"/,
  );
  await page.goBack();
  await page.getByRole('row', { name: /eu/ }).waitFor();
});

test('a comparison shows both halves of the time', { skip }, async () => {
  await page.goto(address('/comparison', { selector: '{service_name="shop"}' }));
  await barLine(page).getByText('before 900').waitFor();
  assert.match((await barLine(page).textContent()) ?? '', /after 1 k \(100\.0%\)/);
});

test('what is wrong is said in the server’s words, and the status in ours', { skip }, async () => {
  // On a page of its own: the console tells of each request that is refused.
  const asking = await openPage(web.browser, []);
  await asking.goto(address('/explore', { selector: '{x' }));
  await asking
    .getByText(/label selector/i)
    .first()
    .waitFor();
  await asking.close();
  await page.goto(`${web.server.url}/status`);
  await page.getByText('It is ready').waitFor();
  await page.goto(`${web.server.url}/start`);
  assert.match((await page.textContent('body')) ?? '', /pyroscope/i);
});

test('no error is on the console', { skip }, () => {
  assert.deepEqual(web.complaints, []);
});
