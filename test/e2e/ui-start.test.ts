/** The first minutes with the web app: an empty server of several tenants, a first profile, finding it by its labels. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { push, smallPprof, totalOf } from './small-profile.ts';
import { chromiumLacks, contrastInDark, startWebApp, viewAddress, violations, type WebApp } from './ui-browser.ts';

const TENANT = { 'x-scope-orgid': 'blue' };
const skip = await chromiumLacks();
let web: WebApp;
let page: Page;

before(async () => {
  if (skip !== false) return;
  web = await startWebApp({ flags: ['--self-profiling.enabled=false', '--multitenancy.enabled=true'] });
  page = web.page;
});
after(() => web?.close());

test('a tenant is named, and told how to send a first profile', { skip }, async () => {
  await page.goto(viewAddress(web.server.url, '/'));
  await page.getByText('name the one to look at').waitFor();
  await page.getByLabel('Tenant').fill('blue');
  await page.getByRole('button', { name: 'Switch' }).click();
  await page.getByText('No profile has been sent yet').waitFor();
  assert.match(page.url(), /tenant=blue/);
  await page.getByRole('tab', { name: 'Python' }).click();
  const snippet = (await page.locator('pre').textContent()) ?? '';
  await page.getByLabel('Tenant').fill('bl');
  assert.deepEqual([...(await violations(page)), ...(await contrastInDark(page))], []);
  assert.ok(snippet.includes(web.server.url) && snippet.includes('tenant_id="blue"'), snippet);
});

test('its profile is found, another tenant sees nothing', { skip }, async () => {
  const profile = smallPprof({ stacks: [{ frames: ['main', 'run'], value: 7n }], timeMs: Date.now() - 1_000 });
  const commit = await push(web.server.url, 'shop', profile, { labels: { region: 'eu' }, headers: TENANT });
  assert.equal(await totalOf(web.server.url, 'shop', commit, TENANT), 7n);
  await page.getByRole('button', { name: 'Refresh now' }).click();
  await page.locator('.card', { hasText: 'shop' }).waitFor();
  await page.goto(viewAddress(web.server.url, '/', { tenant: 'green' }));
  await page.getByText('No profile has been sent yet').waitFor();
});

test('labels are completed as a selector is written, and faults are said in place', { skip }, async () => {
  await page.goto(viewAddress(web.server.url, '/explore', { tenant: 'blue', selector: '{}' }));
  await page.getByRole('button', { name: 'Edit' }).click();
  const selector = page.getByLabel('Label selector');
  await selector.fill('{reg');
  await page.getByRole('option', { name: 'region' }).waitFor();
  await page.getByText('Not a selector yet').waitFor();
  await selector.press('ArrowDown');
  await selector.press('Enter');
  await page.getByRole('option', { name: 'eu' }).waitFor();
  await selector.press('ArrowDown');
  await selector.press('Enter');
  await selector.press('End');
  await selector.pressSequentially('}');
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.getByRole('button', { name: 'region = eu ×' }).waitFor();
  await page.locator('.bar-line', { hasText: '7 (100.0%)' }).waitFor();
});

test('the status says what was taken of this tenant, and its limits', { skip }, async () => {
  await page.goto(`${web.server.url}/status?tenant=blue`);
  await page.getByText(/it has taken 1 profiles/).waitFor();
  await page.getByText('31 days').waitFor();
  // The catalog is told of by tenant; what the process counts is of all of them.
  await page.locator('dd', { hasText: /in 1 (segment|block)/ }).waitFor();
  assert.equal(await page.getByRole('heading', { name: 'Queries' }).count(), 0, 'queries of others are not shown');
});

test('no error is on the console', { skip }, () => {
  // Until the server has said that it has tenants none is named, and it says so.
  assert.deepEqual(
    web.complaints.filter((one) => !one.includes('401')),
    [],
  );
});
