/** The web app as it was built: one page for all views, and its assets. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import express, { type Express } from 'express';

const DIRECTORY = fileURLToPath(new URL('../../../ui/dist/', import.meta.url));
const INDEX = `${DIRECTORY}index.html`;
/** Addresses of views; what they show is in their query. */
const VIEW_PATHS = ['/', '/explore', '/labels', '/comparison', '/comparison-diff', '/adhoc', '/status'];
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/** Names of assets change with their content. */
const ASSET_AGE = '365d';

/** Whether the app was built: a checkout that was only installed has none. */
export function hasUi(): boolean {
  return existsSync(INDEX);
}

export function serveUi(app: Express): void {
  app.get(VIEW_PATHS, (_, response) => {
    response.setHeader('content-security-policy', CONTENT_SECURITY_POLICY);
    response.setHeader('cache-control', 'no-cache');
    response.sendFile(INDEX);
  });
  app.get('/ui', (_, response) => response.redirect('/'));
  app.use('/assets', express.static(`${DIRECTORY}assets`, { index: false, immutable: true, maxAge: ASSET_AGE }));
}
