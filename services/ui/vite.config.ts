/** Builds the web app into `dist`, which the query-frontend serves. */
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  build: { outDir: 'dist', emptyOutDir: true, target: 'es2023', assetsInlineLimit: 0 },
  // `npx vite` beside a running server: the app is reloaded as it is written.
  server: { proxy: { '^/(querier\\.v1|settings\\.v1|ready|pyroscope)': 'http://localhost:4040' } },
});
