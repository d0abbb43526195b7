/** The web app for every reader: assistive technology, dark and light pages, a phone's width, hostile names. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { type ServerProcess, startServer } from './server-process.ts';
import { push, smallPprof, totalOf } from './small-profile.ts';
import { chromiumLacks, openPage, pushShop, startChromium, viewAddress } from './ui-browser.ts';

const SHOP = { selector: '{service_name="shop"}' };
/** Each view: its address, and what is there once it shows data. */
const VIEWS: readonly (readonly [path: string, more: Readonly<Record<string, string>>, shown: string])[] = [
  ['/', {}, '.card svg path.line'],
  ['/explore', SHOP, '.flame canvas'],
  ['/explore', { ...SHOP, chart: 'heatmap', pane: 'graph' }, '.cell'],
  ['/explore', { ...SHOP, pane: 'sandwich', about: 'parse' }, '.flame canvas'],
  ['/labels', { ...SHOP, groupBy: 'region' }, 'td .swatch'],
  ['/comparison', SHOP, '.flame canvas'],
  ['/adhoc', {}, '.drop'],
  ['/status', {}, '.status p'],
];
const PAGES: readonly (readonly [name: string, options: BrowserContextOptions])[] = [
  ['wide', { colorScheme: 'light' }],
  ['phone', { colorScheme: 'light', viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }],
];

// What runs in the page stands here as text: this side knows no DOM.
const runAxe = (options: object): string => `axe.run(${JSON.stringify(options)}).then(({ violations }) =>
  violations.flatMap(({ id, nodes }) => nodes.map((one) => id + ': ' + one.html + ' ' + one.failureSummary)))`;
const WIDER = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';

const skip = await chromiumLacks();
let server: ServerProcess;
let browser: Browser;
const complaints: string[] = [];

before(async () => {
  if (skip !== false) return;
  server = await startServer({ flags: ['--self-profiling.enabled=false'] });
  await pushShop(server.url);
  browser = await startChromium();
});
after(async () => {
  await browser?.close();
  await server?.terminate();
});

/** Rules that are broken, with the elements that break them. */
async function violations(page: Page, options: object = {}): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  return page.evaluate<readonly string[]>(runAxe(options));
}

async function contrastInDark(page: Page): Promise<readonly string[]> {
  await page.emulateMedia({ colorScheme: 'dark' });
  const found = await violations(page, { runOnly: ['color-contrast'] });
  await page.emulateMedia({ colorScheme: 'light' });
  return found;
}

for (const [name, options] of PAGES) {
  test(`every view keeps the accessibility rules, light and dark: ${name}`, { skip }, async () => {
    const page = await openPage(browser, complaints, options);
    const found: string[] = [];
    for (const [path, more, shown] of VIEWS) {
      await page.goto(viewAddress(server.url, path, more));
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

test('names are text, whatever they hold', { skip }, async () => {
  const markup = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
  const turned = '\u202eevil\u202c שלום مرحبا';
  const long = `pkg.${'long'.repeat(2_500)}`;
  const stacks = [markup, turned, long].map((name, i) => ({ frames: ['main', name], value: BigInt(i + 1) }));
  const commit = await push(server.url, markup, smallPprof({ stacks, timeMs: Date.now() - 1_000 }));
  assert.equal(await totalOf(server.url, markup.replaceAll('"', '\\"'), commit), 6n);
  const page = await openPage(browser, complaints, PAGES[1]?.[1]);
  await page.goto(viewAddress(server.url, '/'));
  await page.locator('.card', { hasText: markup }).click();
  await page.locator('.bar-line', { hasText: '6 (100.0%)' }).waitFor();
  const names = page.getByRole('row').filter({ hasText: 'onerror' });
  await names.getByRole('button').click();
  await page.getByRole('heading', { name: `Callers of ${markup}` }).waitFor();
  assert.deepEqual(await violations(page), []);
  assert.equal(await page.evaluate<number>(WIDER), 0);
  assert.equal(await page.locator('img').count(), 1, 'the brand alone');
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
  assert.deepEqual(complaints, []);
});
