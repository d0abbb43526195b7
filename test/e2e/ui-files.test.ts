/** Files dropped onto the web app: drawn exactly, compared with each other and with live data. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { barLine, chromiumLacks, openPage, pushShop, startWebApp, viewAddress, type WebApp } from './ui-browser.ts';

const CORPUS = new URL('../corpus/', import.meta.url).pathname;
const FOLDED = `${CORPUS}text/bank_cpu.folded`;
const SPEEDSCOPE = `${CORPUS}text/bank.sampled.speedscope.json`;
const JFR = `${CORPUS}extracted/java-bank/0001.jfr.gz`;
const PPROF = `${CORPUS}async-profiler/bank_cpu.pb.gz`;

const skip = await chromiumLacks();
let web: WebApp;
let page: Page;

before(async () => {
  if (skip !== false) return;
  web = await startWebApp({ prepare: pushShop });
  page = web.page;
});
after(() => web?.close());

async function choose(file: string): Promise<void> {
  await page.locator('input[type=file]').setInputFiles(file);
  await page.getByRole('heading', { name: basename(file) }).waitFor();
}

test('a file is dropped, and its total is the truth', { skip }, async () => {
  await page.goto(viewAddress(web.server.url, '/adhoc'));
  await page.locator('.drop').waitFor();
  const content = readFileSync(FOLDED, 'utf8');
  const { total } = JSON.parse(readFileSync(`${CORPUS}truth/text/bank_cpu.folded.json`, 'utf8')) as { total: number };
  // What a hand does: a file over the page, let go.
  const carried = await page.evaluateHandle(
    `(() => { const carried = new DataTransfer(); carried.items.add(new File([${JSON.stringify(content)}], 'bank_cpu.folded')); return carried; })()`,
  );
  await page.locator('.drop').dispatchEvent('drop', { dataTransfer: carried });
  await barLine(page).getByText(`${total} (100.0%)`).waitFor();
  assert.match(page.url(), /\/adhoc\?.*file=/);
});

test('every kind of file is drawn', { skip }, async () => {
  for (const file of [SPEEDSCOPE, JFR, PPROF]) {
    await page.goto(viewAddress(web.server.url, '/adhoc'));
    await choose(file);
    await barLine(page).getByText('(100.0%)').waitFor();
  }
});

test('a file is compared with another, and with live data', { skip }, async () => {
  await page.goto(viewAddress(web.server.url, '/adhoc', { selector: '{service_name="shop"}' }));
  await choose(FOLDED);
  const other = page.getByLabel('Compare with');
  await other.selectOption(
    await other
      .locator('option', { hasText: basename(SPEEDSCOPE) })
      .first()
      .getAttribute('value'),
  );
  await barLine(page).getByText('before 724').waitFor();
  await other.selectOption('live');
  await barLine(page).getByText('after 1.90 k (100.0%)').waitFor();
  await page.getByRole('row', { name: /parse/ }).first().waitFor();
});

test('a file that is none is refused in words, and one is deleted', { skip }, async () => {
  // On a page of its own: the console tells of each request that is refused.
  const dropping = await openPage(web.browser, []);
  await dropping.goto(viewAddress(web.server.url, '/adhoc'));
  await dropping
    .locator('input[type=file]')
    .setInputFiles({ name: 'notes.bin', mimeType: 'application/octet-stream', buffer: Buffer.from([0, 1, 2, 3]) });
  await dropping
    .locator('.drop')
    .getByText(/format/)
    .waitFor();
  await dropping.close();
  await page.goto(viewAddress(web.server.url, '/adhoc'));
  const kept = page.getByRole('button', { name: /^Delete / });
  await kept.first().waitFor();
  const before = await kept.count();
  await kept.first().click();
  await page.locator(`tbody tr:nth-child(${before})`).waitFor({ state: 'detached' });
  assert.equal(await kept.count(), before - 1);
});

test('no error is on the console', { skip }, () => {
  assert.deepEqual(web.complaints, []);
});
