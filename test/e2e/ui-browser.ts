/** Debian's Chromium for tests of the web app, and what they look at. */
import assert from 'node:assert/strict';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core';
import { installDebian } from '../real/components/install.ts';
import { type ServerProcess, startServer } from './server-process.ts';
import { push, SMALL_TYPE, smallPprof, totalOf } from './small-profile.ts';

/** Why there is no browser to test with; false when there is one. */
export async function chromiumLacks(): Promise<string | false> {
  return (await installDebian(['chromium'], ['chromium', 'fonts-dejavu-core'])) ?? false;
}

export function startChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
}

/** The web app of a server of its own, in a browser. */
export interface WebApp {
  readonly server: ServerProcess;
  readonly browser: Browser;
  readonly page: Page;
  /** Errors of the page and its console. */
  readonly complaints: string[];
  close(): Promise<void>;
}

/**
 * Starts a server and a browser with a page that is nowhere yet.
 * @param prepare - pushes what is to be there before the browser starts
 */
export async function startWebApp({
  flags = ['--self-profiling.enabled=false'],
  prepare,
  pageOptions,
}: {
  readonly flags?: readonly string[];
  readonly prepare?: (url: string) => Promise<void>;
  readonly pageOptions?: BrowserContextOptions;
} = {}): Promise<WebApp> {
  const server = await startServer({ flags });
  await prepare?.(server.url);
  const browser = await startChromium();
  const complaints: string[] = [];
  return {
    server,
    browser,
    page: await openPage(browser, complaints, pageOptions),
    complaints,
    async close() {
      await browser.close();
      await server.terminate();
    },
  };
}

/** @param complaints - is told of errors of the page and its console */
export async function openPage(
  browser: Browser,
  complaints: string[],
  options: BrowserContextOptions = {},
): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1_400, height: 900 }, ...options });
  // Of a test that hangs: a busy machine takes its time.
  page.setDefaultTimeout(120_000);
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  return page;
}

/** The address of a view that shows the small profiles' type. */
export function viewAddress(url: string, path: string, more: Readonly<Record<string, string>> = {}): string {
  return `${url}${path}?${new URLSearchParams({ type: SMALL_TYPE, ...more }).toString()}`;
}

/** Two profiles of one service: 900 from 40 minutes ago, 1,000 from now. */
export async function pushShop(url: string): Promise<void> {
  const stacks = [
    { frames: ['main', 'handle', 'parse'], value: 600n },
    { frames: ['main', 'handle', 'render'], value: 300n },
    { frames: ['main', 'idle'], value: 100n },
  ];
  const early = { stacks: stacks.slice(0, 2), timeMs: Date.now() - 40 * 60_000 };
  await push(url, 'shop', smallPprof(early), { labels: { region: 'eu' } });
  const late = { stacks, timeMs: Date.now() - 1_000 };
  const commit = await push(url, 'shop', smallPprof(late), { labels: { region: 'us' } });
  assert.equal(await totalOf(url, 'shop', commit), 1_900n);
}

/** The line that tells of the marked bar. */
export function barLine(page: Page): Locator {
  return page.locator('.bar-line').first();
}

// What runs in the page stands here as text: this side knows no DOM.
const runAxe = (
  places: readonly string[],
  options: object,
): string => `axe.run(${JSON.stringify({ include: places })}, ${JSON.stringify(options)}).then(({ violations }) =>
  violations.flatMap(({ id, nodes }) => nodes.map((one) => id + ': ' + one.html + ' ' + one.failureSummary)))`;

/** Accessibility rules that are broken, with the elements that break them. */
export async function violations(
  page: Page,
  places: readonly string[] = ['html'],
  options: object = {},
): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  return page.evaluate<readonly string[]>(runAxe(places, options));
}

/** The same of the colours of a dark page. */
export async function contrastInDark(page: Page, places?: readonly string[]): Promise<readonly string[]> {
  await page.emulateMedia({ colorScheme: 'dark' });
  const found = await violations(page, places, { runOnly: ['color-contrast'] });
  await page.emulateMedia({ colorScheme: 'light' });
  return found;
}
