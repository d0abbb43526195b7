/** Getting there fast: services, types and times are chosen, faults are told in place, and what was chosen last is kept. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { formatTime } from '../../services/ui/src/model/time-range.ts';
import { push, smallPprof, totalOf } from './small-profile.ts';
import { barLine, chromiumLacks, pushShop, startWebApp, viewAddress, type WebApp } from './ui-browser.ts';

const SHOP = { selector: '{service_name="shop"}' };
const MINUTE_MS = 60_000;
const skip = await chromiumLacks();
let web: WebApp;
let page: Page;

before(async () => {
  if (skip !== false) return;
  web = await startWebApp({
    prepare: pushShopAndCart,
    pageOptions: { permissions: ['clipboard-read', 'clipboard-write'] },
  });
  page = web.page;
});
after(() => web?.close());

async function pushShopAndCart(url: string): Promise<void> {
  await pushShop(url);
  // Recursive: what it does is done by itself again and again.
  const frames = ['main', 'cart.fill', 'cart.fill', 'cart.fill', 'cart.weigh'];
  const cart = smallPprof({ stacks: [{ frames, value: 5_000n }], timeMs: Date.now() - 1_000 });
  await push(url, 'cart', cart, { labels: { __name__: 'memory' } });
  const commit = await push(url, 'cart', cart);
  assert.equal(await totalOf(url, 'cart', commit), 5_000n);
}

const address = (path: string, more: Record<string, string> = {}): string => viewAddress(web.server.url, path, more);

test('services are sorted, found by name, and shown of a profile type', { skip }, async () => {
  await page.goto(address('/'));
  const first = page.locator('.card:first-child');
  await first.getByText('cart').waitFor();
  const order = page.getByLabel('Sort by');
  await order.selectOption('change');
  await first.getByText('shop').waitFor();
  await first.getByText('▲ 11%').waitFor();
  await order.selectOption('name');
  await first.getByText('cart').waitFor();
  await page.getByLabel('Find services').fill('SHO');
  await first.getByText('shop').waitFor();
  assert.equal(await page.locator('.card').count(), 1);
  assert.match(page.url(), /order=name.*find=SHO|find=SHO.*order=name/);
  await page.getByLabel('Find services').fill('');
  const type = page.getByRole('combobox', { name: 'Profile' });
  await type.fill('mun');
  await page.getByRole('option', { name: 'memory · units' }).waitFor();
  await type.press('Enter');
  await page.waitForURL(/type=memory/);
  await page.locator('.card', { hasText: 'shop' }).waitFor({ state: 'detached' });
});

test('a service is picked by some of its letters, and what was chosen last is kept', { skip }, async () => {
  await page.goto(address('/explore', SHOP));
  const service = page.getByRole('combobox', { name: 'Service' });
  await barLine(page).getByText('1.90 k').waitFor();
  await service.fill('xyz');
  await page.getByText('Nothing of that name').waitFor();
  await service.fill('ct');
  await page.getByRole('option', { name: 'cart' }).waitFor();
  await service.press('Enter');
  await barLine(page).getByText('5 k (100.0%)').waitFor();
  await page.goto(`${web.server.url}/explore`);
  await barLine(page).getByText('5 k (100.0%)').waitFor();
  assert.equal(await service.inputValue(), 'cart');
});

test('a time that is none is told in place, with what is taken', { skip }, async () => {
  await page.goto(address('/explore', SHOP));
  await page.getByText('Exact').click();
  const [from, until, show] = [
    page.getByRole('textbox', { name: 'From' }),
    page.getByRole('textbox', { name: 'Until' }),
    page.getByRole('button', { name: 'Show' }),
  ];
  await from.fill('yesterday');
  await page.getByText('“yesterday” is no time: write now-90m').waitFor();
  assert.equal(await from.getAttribute('aria-invalid'), 'true');
  await show.click();
  assert.doesNotMatch(page.url(), /from=/);
  await from.fill('now-30m');
  await until.fill('now-1h');
  await page.getByText('“now-1h” is not after “now-30m”.').waitFor();
  await until.fill('');
  await show.click();
  await barLine(page).getByText('1 k (100.0%)').waitFor();
  await show.waitFor({ state: 'hidden' });
  await page.getByText('Exact').click();
  await from.fill(formatTime(Date.now() - 50 * MINUTE_MS).slice(0, 16));
  await until.fill(formatTime(Date.now() - 20 * MINUTE_MS).slice(0, 16));
  await until.press('Enter');
  await barLine(page).getByText('900 (100.0%)').waitFor();
  await page.getByText('Exact').click();
  await page.keyboard.press('Escape');
  await show.waitFor({ state: 'hidden' });
  await page.goto(address('/explore', { ...SHOP, from: 'yesterday' }));
  await page.getByText(/“yesterday” is no time.*The last hour is shown/).waitFor();
});

test('a heat map is walked by keys', { skip }, async () => {
  await page.goto(address('/explore', { ...SHOP, chart: 'heatmap' }));
  await page.locator('.cell').nth(1).waitFor();
  await page.getByRole('tab', { name: 'Heat map' }).focus();
  await page.keyboard.press('Tab');
  const told = page.locator('.legend');
  await told.getByText('the largest 900').waitFor();
  await page.keyboard.press('ArrowRight');
  await told.getByText('the largest 1 k').waitFor();
  const map = page.getByRole('grid', { name: /Heat map/ });
  const marked = await page.locator('.cell.marked').getAttribute('id');
  assert.equal(await map.getAttribute('aria-activedescendant'), marked);
  await page.keyboard.press('Enter');
  await barLine(page).getByText('1 k (100.0%)').waitFor();
  assert.match(page.url(), /profile=[0-9a-f-]{36}/);
});

test('a comparison has a flame graph of each side, and sides are chosen by time or labels', { skip }, async () => {
  await page.goto(address('/comparison', SHOP));
  await barLine(page).getByText('before 900').waitFor();
  await page.getByRole('tab', { name: 'Side by side' }).click();
  const lines = page.locator('.bar-line');
  await lines.nth(0).getByText('900 (100.0%)').waitFor();
  await lines.nth(1).getByText('1 k (100.0%)').waitFor();
  // All of the chart of what is after, which begins where the range does.
  const box = await page.locator('.u-over').last().boundingBox();
  assert.ok(box);
  await page.mouse.move(box.x + 1, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width - 1, box.y + 20, { steps: 4 });
  await page.mouse.up();
  await lines.nth(1).getByText('1.90 k (100.0%)').waitFor();
  await lines.nth(0).getByText('900 (100.0%)').waitFor();
  const [eu, us] = ['eu', 'us'].map((region) => `{service_name="shop", region="${region}"}`);
  await page.goto(address('/comparison', { selector: eu ?? '', rightSelector: us ?? '' }));
  await barLine(page).getByText('before 900 (100.0%), self 0; after 1 k (100.0%)').waitFor();
  // Parse took 600 of 900 as of 1,000, idle came.
  await page.getByRole('row', { name: /idle.*\+10\.00 points/ }).waitFor();
  await page.getByRole('row', { name: /parse.*−6\.67 points/ }).waitFor();
  await page.getByRole('link', { name: 'Explore what was after' }).click();
  await barLine(page).getByText('1 k (100.0%)').waitFor();
});

test('recursion is collapsed, functions are sorted and named, and a tooltip tells what a bar costs', {
  skip,
}, async () => {
  await page.goto(address('/explore', { selector: '{service_name="cart"}' }));
  await barLine(page).getByText('5 k').waitFor();
  await page.locator('.flame canvas[data-bars="6"]').waitFor();
  await page.getByText('View', { exact: true }).click();
  await page.getByLabel('Recursion').selectOption('collapsed');
  await page.locator('.flame canvas[data-bars="4"]').waitFor();
  await page.goto(address('/explore', SHOP));
  await barLine(page).getByText('1.90 k').waitFor();
  const row = (at: number) => page.locator(`tbody tr:nth-child(${at})`);
  await row(1).getByText('parse').waitFor();
  await page.getByRole('button', { name: 'Total', exact: true }).click();
  await row(1).getByText('main').waitFor();
  await page.getByRole('button', { name: 'Function', exact: true }).click();
  await row(1).getByText('handle').waitFor();
  // Row 3: parse takes 1200 of 1900.
  const canvas = page.locator('.flame canvas[data-bars="6"]');
  await canvas.hover({ position: { x: 60, y: 70 } });
  const tooltip = page.locator('.tooltip');
  await tooltip.getByText('parse').waitFor();
  assert.equal(await tooltip.locator('tbody').textContent(), 'total1.20 k63.2%self1.20 k63.2%');
  await canvas.click({ position: { x: 60, y: 70 } });
  await page.getByRole('button', { name: 'Copy name' }).click();
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  assert.equal(await page.evaluate('navigator.clipboard.readText()'), 'parse');
  await page.getByRole('button', { name: 'Zoom out' }).click();
  await barLine(page).getByText('total').waitFor();
  await page.getByLabel('Search functions').fill('rend');
  await page.getByText('found 31.6%').waitFor();
});

test('bars of a package share a colour, a diff has its own, and both stay the same', { skip }, async () => {
  await page.goto(address('/explore', { selector: '{service_name="cart"}', pane: 'graph' }));
  await page.locator('.flame canvas[data-bars="6"]').waitFor();
  /** Colour of the middle of a row, at its right end, where no name is. */
  const colourOf = (row: number): Promise<string> =>
    page.evaluate<string>(
      `(() => { const canvas = document.querySelector('.flame canvas');
        return canvas.getContext('2d').getImageData(canvas.width - 30, ${row} * 20 + 10, 1, 1).data.join(' '); })()`,
    );
  const choose = async (label: string, option: string): Promise<void> => {
    await page.getByText('View', { exact: true }).click();
    await page.getByLabel(label).selectOption(option);
    await page.keyboard.press('Escape');
  };
  /** Waits until it is another. */
  const changed = async (row: number, from: string): Promise<void> => {
    while ((await colourOf(row)) === from) await page.evaluate('new Promise(requestAnimationFrame)');
  };
  const [fill, weigh] = [await colourOf(2), await colourOf(5)];
  assert.equal(fill, weigh);
  await choose('Colours', 'by function');
  await changed(2, fill);
  assert.notEqual(await colourOf(2), await colourOf(5));
  await choose('Colours', 'by package');
  await page.reload();
  await page.locator('.flame canvas[data-bars="6"]').waitFor();
  assert.deepEqual([await colourOf(2), await colourOf(5)], [fill, weigh]);
  await choose('Names', 'keep their end');
  assert.match(page.url(), /align=right/);
  await page.goto(address('/comparison', { ...SHOP, pane: 'graph' }));
  await page.locator('.flame canvas[data-bars="6"]').waitFor();
  // Idle, which came.
  const more = await colourOf(2);
  assert.notEqual(more, await colourOf(0));
  await choose('Colours', 'green to red');
  await changed(2, more);
});

test('the same query goes to other tools', { skip }, async () => {
  await page.goto(address('/explore', SHOP));
  await barLine(page).getByText('1.90 k').waitFor();
  await page.getByText('Export', { exact: true }).click();
  const line = async (name: string): Promise<string> => {
    await page.getByRole('button', { name }).click();
    await page.getByText('Copied.').waitFor();
    return page.evaluate<string>('navigator.clipboard.readText()');
  };
  assert.match(await line('as curl'), /^curl .*service_name.*\/querier\.v1\.QuerierService\/SelectMergeStacktraces$/);
  assert.match(await line('as profilecli'), /^profilecli query profile --url=http:\/\/127/);
  assert.match(await line('as flamelake'), /^flamelake query flamegraph --url=http:\/\/127/);
  const exported = async (name: string): Promise<string> => {
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name, exact: true }).click();
    const stream = await (await download).createReadStream();
    return (await stream.toArray()).join('');
  };
  const { flamebearer } = JSON.parse(await exported('JSON')) as { flamebearer: { numTicks: number } };
  assert.equal(flamebearer.numTicks, 1_900);
  assert.match(await exported('DOT'), /^digraph [^]*parse/);
});

test('no error is on the console', { skip }, () => {
  assert.deepEqual(web.complaints, []);
});
