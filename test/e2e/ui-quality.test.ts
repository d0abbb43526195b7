/** The web app for every reader: assistive technology, dark and light pages, a phone's width, hostile names. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { type ServerProcess, startServer } from './server-process.ts';
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
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['phone', { colorScheme: 'light', viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }],
];

// What runs in the page stands here as text: this side knows no DOM.
const RUN_AXE = `axe.run().then(({ violations }) =>
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
async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  return page.evaluate<readonly string[]>(RUN_AXE);
}

for (const [name, options] of PAGES) {
  test(`every view keeps the accessibility rules: ${name}`, { skip }, async () => {
    const page = await openPage(browser, complaints, options);
    const found: string[] = [];
    for (const [path, more, shown] of VIEWS) {
      await page.goto(viewAddress(server.url, path, more));
      await page.locator(shown).first().waitFor();
      await page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' });
      found.push(...(await violations(page)).map((one) => `${path} ${JSON.stringify(more)} ${one}`));
      const wider = await page.evaluate<number>(WIDER);
      if (wider > 0) found.push(`${path} ${JSON.stringify(more)} is ${wider} px wider than the page`);
    }
    assert.deepEqual(found, []);
    await page.close();
  });
}

test('no error is on the console', { skip }, () => {
  assert.deepEqual(complaints, []);
});
