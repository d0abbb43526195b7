/**
 * Takes the pictures of docs/ui: every view of the web app in Chromium, over an hour of profiles of a small shop.
 *
 *     node scripts/write-screenshots.ts
 */
import { mkdirSync } from 'node:fs';
import { encodePprof } from '@flamelake/formats';
import type { Page } from 'playwright-core';
import { pprofOfCallTree } from '../services/flamelake/src/self-profile/call-tree.ts';
import { startServer } from '../test/e2e/server-process.ts';
import { push } from '../test/e2e/small-profile.ts';
import { openPage, startChromium } from '../test/e2e/ui-browser.ts';

const DIRECTORY = new URL('../docs/ui/', import.meta.url).pathname;
const FOLDED = new URL('../test/corpus/text/bank_cpu.folded', import.meta.url).pathname;
const MINUTES = 58;
/** Nanoseconds of CPU a minute of a service of size 1. */
const MINUTE_NS = 20e9;
const REGIONS = ['eu-west', 'us-east'];
/** Services, and how large they are. */
const SERVICES: readonly (readonly [name: string, size: number])[] = [
  ['checkout', 2.4],
  ['catalogue', 1.6],
  ['search', 3.1],
  ['payments', 0.7],
  ['recommendations', 1.1],
  ['mailer', 0.2],
];
const SERVE = ['net/http.(*conn).serve', 'net/http.serverHandler.ServeHTTP', 'net/http.(*ServeMux).ServeHTTP'];
/** Stacks below `main`, and their share. */
const STACKS: readonly (readonly [frames: readonly string[], share: number])[] = [
  [[...SERVE, 'shop/api.(*Server).Order', 'shop/cart.(*Cart).Total', 'shop/price.(*Table).Lookup'], 16],
  [
    [
      ...SERVE,
      'shop/api.(*Server).Order',
      'shop/cart.(*Cart).Total',
      'shop/price.(*Table).Lookup',
      'runtime.mapaccess2_faststr',
    ],
    9,
  ],
  [[...SERVE, 'shop/api.(*Server).Order', 'shop/cart.(*Cart).Total', 'shop/tax.Rate'], 5],
  [[...SERVE, 'shop/api.(*Server).Order', 'encoding/json.Unmarshal', 'encoding/json.(*decodeState).object'], 11],
  [
    [
      ...SERVE,
      'shop/api.(*Server).Order',
      'encoding/json.Unmarshal',
      'encoding/json.(*decodeState).object',
      'encoding/json.(*decodeState).object',
      'reflect.Value.SetMapIndex',
    ],
    6,
  ],
  [
    [
      ...SERVE,
      'shop/api.(*Server).Order',
      'shop/coupon.Valid',
      'regexp.(*Regexp).MatchString',
      'regexp.(*Regexp).doExecute',
      'regexp.(*machine).step',
    ],
    4,
  ],
  [[...SERVE, 'shop/api.(*Server).Search', 'shop/index.(*Index).Query', 'shop/index.intersect'], 14],
  [[...SERVE, 'shop/api.(*Server).Search', 'shop/index.(*Index).Query', 'sort.Slice', 'sort.pdqsort_func'], 7],
  [
    [
      ...SERVE,
      'shop/api.(*Server).Search',
      'encoding/json.Marshal',
      'encoding/json.(*encodeState).marshal',
      'encoding/json.structEncoder.encode',
    ],
    8,
  ],
  [['database/sql.(*DB).QueryContext', 'github.com/lib/pq.(*conn).simpleQuery', 'syscall.Read'], 6],
  [['runtime.gcBgMarkWorker', 'runtime.gcDrain', 'runtime.scanobject'], 9],
  [['runtime.gcBgMarkWorker', 'runtime.gcDrain', 'runtime.greyobject'], 3],
  [['runtime.mcall', 'runtime.schedule', 'runtime.findRunnable'], 2],
];

let state = 42;
/** From 0 to 1; the same in every run. */
function random(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
}

function profileOf(timeMs: number, totalNs: number, isSlow: boolean): Uint8Array {
  const frames = [{ functionName: 'main.main', filename: 'main.go', line: 12 }];
  const parent = [-1];
  const values = [0];
  const nodes = new Map<string, number>();
  const shares = STACKS.map(([, share], i) => share * (0.8 + 0.4 * random()) * (isSlow && i === 5 ? 7 : 1));
  const whole = shares.reduce((sum, share) => sum + share, 0);
  for (const [i, [stack]] of STACKS.entries()) {
    let at = 0;
    for (const functionName of stack) {
      const key = `${at} ${functionName}`;
      let node = nodes.get(key);
      if (node === undefined) {
        node = frames.length;
        nodes.set(key, node);
        const file = functionName.slice(0, functionName.indexOf('.', functionName.lastIndexOf('/') + 1));
        frames.push({
          functionName,
          filename: `${file}/${file.slice(file.lastIndexOf('/') + 1)}.go`,
          line: 20 + functionName.length,
        });
        parent.push(at);
        values.push(0);
      }
      at = node;
    }
    values[at] = (values[at] ?? 0) + Math.round((totalNs * (shares[i] ?? 0)) / whole);
  }
  const tree = { frames, parent: Int32Array.from(parent), values: [Float64Array.from(values)] };
  const cpu = { type: 'cpu', unit: 'nanoseconds' };
  return encodePprof(
    pprofOfCallTree(tree, {
      sampleTypes: [cpu],
      periodType: cpu,
      period: 10_000_000n,
      startMs: timeMs,
      durationMs: 60_000,
    }),
  );
}

const server = await startServer({ flags: ['--self-profiling.enabled=false'] });
const browser = await startChromium();
const nowMs = Date.now();
for (let minute = MINUTES; minute >= 1; minute--) {
  for (const [service, size] of SERVICES) {
    for (const region of REGIONS) {
      const wave = 1 + 0.3 * Math.sin(minute / 9 + size) + 0.15 * random();
      const isSlow = service === 'checkout' && minute < 16;
      const profile = profileOf(nowMs - minute * 60_000, MINUTE_NS * size * wave * (isSlow ? 1.3 : 1), isSlow);
      await push(server.url, service, profile, { labels: { __name__: 'process_cpu', region } });
    }
  }
}

const CHECKOUT = { selector: '{service_name="checkout"}' };
const PICTURES: readonly (readonly [name: string, path: string, more: Readonly<Record<string, string>>])[] = [
  ['services', '/', {}],
  ['explore', '/explore', CHECKOUT],
  ['sandwich', '/explore', { ...CHECKOUT, pane: 'sandwich', about: 'regexp.(*Regexp).doExecute' }],
  ['heatmap', '/explore', { ...CHECKOUT, chart: 'heatmap', pane: 'graph', search: 'json' }],
  ['labels', '/labels', { selector: '{}', groupBy: 'service_name' }],
  ['compare', '/comparison', CHECKOUT],
  ['status', '/status', {}],
];

mkdirSync(DIRECTORY, { recursive: true });
for (const [mode, viewport] of [
  ['light', { width: 1_120, height: 700 }],
  ['dark', { width: 1_120, height: 700 }],
  ['phone', { width: 390, height: 780 }],
] as const) {
  const page = await openPage(browser, [], { viewport, colorScheme: mode === 'dark' ? 'dark' : 'light' });
  for (const [name, path, more] of PICTURES) {
    // One picture of each in the light; the others show that they hold.
    if (mode !== 'light' && name !== 'explore') continue;
    await page.goto(`${server.url}${path}?${new URLSearchParams(more).toString()}`);
    await settled(page);
    await page.screenshot({ path: `${DIRECTORY}${name}${mode === 'light' ? '' : `-${mode}`}.png` });
  }
  if (mode === 'light') {
    await page.goto(`${server.url}/adhoc`);
    await page.locator('input[type=file]').setInputFiles(FOLDED);
    await page.locator('.flame canvas[data-bars]').first().waitFor();
    await settled(page);
    await page.screenshot({ path: `${DIRECTORY}files.png` });
  }
  await page.close();
}
await browser.close();
await server.terminate();

/** Waits until nothing is asked for any more. */
async function settled(page: Page): Promise<void> {
  await page.locator('main section, main .card, main table').first().waitFor();
  await page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' });
}
