/** The web app for every reader: assistive technology, dark and light pages, a phone's width, hostile names. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { push, smallPprof, totalOf } from './small-profile.ts';
import {
  chromiumLacks,
  contrastInDark,
  openPage,
  pushShop,
  startWebApp,
  viewAddress,
  violations,
  type WebApp,
} from './ui-browser.ts';

const SHOP = { selector: '{service_name="shop"}' };
/** Each view: its address, and what is there once it shows data. */
const VIEWS: readonly (readonly [path: string, more: Readonly<Record<string, string>>, shown: string])[] = [
  ['/', {}, '.card svg path.line'],
  ['/explore', SHOP, '.flame canvas'],
  ['/explore', { ...SHOP, chart: 'heatmap', pane: 'graph' }, '.cell'],
  ['/explore', { ...SHOP, pane: 'sandwich', about: 'parse' }, '.flame canvas'],
  ['/labels', { ...SHOP, groupBy: 'region' }, 'td .swatch'],
  ['/comparison', SHOP, '.flame canvas'],
  ['/comparison', { ...SHOP, pane: 'sides' }, '.flame canvas'],
  ['/adhoc', {}, '.drop'],
  ['/status', {}, '.status p'],
];
const PAGES: readonly (readonly [name: string, options: BrowserContextOptions])[] = [
  ['wide', { colorScheme: 'light' }],
  ['phone', { colorScheme: 'light', viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }],
];

const WIDER = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';

const skip = await chromiumLacks();
let web: WebApp;

before(async () => {
  if (skip !== false) return;
  web = await startWebApp({ prepare: pushShop });
});
after(() => web?.close());

for (const [name, options] of PAGES) {
  test(`every view keeps the accessibility rules, light and dark: ${name}`, { skip }, async () => {
    const page = await openPage(web.browser, web.complaints, options);
    const found: string[] = [];
    for (const [path, more, shown] of VIEWS) {
      await page.goto(viewAddress(web.server.url, path, more));
      await page.locator(shown).first().waitFor();
      await page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' });
      const light = await violations(page);
      // Colours do not depend on the width.
      const dark = name === 'wide' ? await contrastInDark(page) : [];
      found.push(...[...light, ...dark].map((one) => `${path} ${JSON.stringify(more)} ${one}`));
      const wider = await page.evaluate<number>(WIDER);
      if (wider > 0) found.push(`${path} ${JSON.stringify(more)} is ${wider} px wider than the page`);
    }
    assert.deepEqual(found, []);
    await page.close();
  });
}

/** What opens over a view: how, and what is there then. */
const OPENED: readonly (readonly [name: string, open: (page: Page) => Promise<void>, shown: string])[] = [
  ['services', (page) => page.getByRole('combobox', { name: 'Service' }).focus(), '[role=option]'],
  ['types', (page) => page.getByRole('combobox', { name: 'Profile' }).focus(), '[role=option]'],
  ['none found', (page) => page.getByRole('combobox', { name: 'Profile' }).fill('xyz'), '.options'],
  ['labels', (page) => page.getByRole('combobox', { name: 'Filter by label' }).focus(), '[role=option]'],
  ['view', (page) => page.getByText('View', { exact: true }).click(), '.popover select'],
  ['export', (page) => page.getByText('Export', { exact: true }).click(), '.menu button'],
  ['time', (page) => page.getByText('Exact').click(), '.popover input'],
  ['wrong time', (page) => page.getByRole('textbox', { name: 'From' }).fill('soon'), '.popover .error'],
  ['selector', (page) => page.getByRole('button', { name: 'Edit' }).click(), 'form .wide'],
  ['completion', (page) => page.getByLabel('Label selector').fill('{reg'), '[role=option]'],
];

test('what opens over a view keeps the accessibility rules, light and dark', { skip }, async () => {
  const page = await openPage(web.browser, web.complaints, PAGES[0]?.[1]);
  await page.goto(viewAddress(web.server.url, '/explore', { ...SHOP, chart: 'heatmap' }));
  await page.locator('.cell').first().waitFor();
  await page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' });
  const found: string[] = [];
  for (const [name, open, shown] of OPENED) {
    await open(page);
    await page.locator(shown).locator('visible=true').first().waitFor();
    const dark = await contrastInDark(page, ['header', '.query', '.row']);
    found.push(...[...(await violations(page)), ...dark].map((one) => `${name}: ${one}`));
  }
  await page.setViewportSize({ width: 390, height: 844 });
  for (const name of ['Exact', 'Export', 'View']) {
    await page.getByText(name, { exact: true }).click();
    const box = await page.locator('.popover').locator('visible=true').boundingBox();
    if (box === null || box.x < 0 || box.x + box.width > 390) found.push(`${name} is cut on a phone`);
    await page.keyboard.press('Escape');
  }
  assert.deepEqual(found, []);
  await page.close();
});

test('names are text, whatever they hold', { skip }, async () => {
  const markup = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
  const turned = '\u202eevil\u202c שלום مرحبا';
  const long = `pkg.${'long'.repeat(2_500)}`;
  const stacks = [markup, turned, long].map((name, i) => ({ frames: ['main', name], value: BigInt(i + 1) }));
  const commit = await push(web.server.url, markup, smallPprof({ stacks, timeMs: Date.now() - 1_000 }));
  assert.equal(await totalOf(web.server.url, markup.replaceAll('"', '\\"'), commit), 6n);
  const page = await openPage(web.browser, web.complaints, PAGES[1]?.[1]);
  await page.goto(viewAddress(web.server.url, '/'));
  await page.locator('.card', { hasText: markup }).click();
  await page.locator('.bar-line', { hasText: '6 (100.0%)' }).waitFor();
  const names = page.getByRole('row').filter({ hasText: 'onerror' });
  await names.getByRole('button').click();
  await page.getByRole('heading', { name: `Callers of ${markup}` }).waitFor();
  assert.deepEqual(await violations(page), []);
  assert.equal(await page.evaluate<number>(WIDER), 0);
  assert.equal(await page.locator('img').count(), 1, 'the brand alone');
  const policy = (await fetch(web.server.url)).headers.get('content-security-policy') ?? '';
  assert.match(policy, /script-src 'self'/);
  assert.doesNotMatch(policy, /unsafe/);
  assert.equal(await page.title(), 'Explore – Flamelake');
  await page
    .getByRole('button', { name: /^pkg\.long/ })
    .first()
    .click();
  await page.getByRole('heading', { name: /^Callers of pkg\.long/ }).waitFor();
  assert.equal(await page.evaluate<number>(WIDER), 0);
  await page.close();
});

test('no error is on the console', { skip }, () => {
  assert.deepEqual(web.complaints, []);
});
