/** Builds the web app into `dist`, which the query-frontend serves. */
import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

/** Most script that a page may load before it shows anything, as it is sent: 250 KB. */
const INITIAL_SCRIPT_BYTES_MAX = 250_000;

export default defineConfig({
  root: import.meta.dirname,
  build: { outDir: 'dist', emptyOutDir: true, target: 'es2023', assetsInlineLimit: 0 },
  plugins: [limitInitialScript()],
  // `npx vite` beside a running server: the app is reloaded as it is written.
  server: {
    proxy: { '^/(querier\\.v1|settings\\.v1|adhocprofiles\\.v1|api|ready|pyroscope)': 'http://localhost:4040' },
  },
});

/** Fails the build when the script of the first page grows beyond its bound. */
function limitInitialScript(): Plugin {
  return {
    name: 'limit-initial-script',
    generateBundle(_, bundle) {
      let bytes = 0;
      const scripts = Object.values(bundle).flatMap((one) => (one.type === 'chunk' ? [one] : []));
      const initial = new Set(
        scripts.filter(({ isEntry }) => isEntry).flatMap((one) => [one.fileName, ...one.imports]),
      );
      for (const { fileName, code } of scripts) if (initial.has(fileName)) bytes += gzipSync(code).length;
      if (bytes > INITIAL_SCRIPT_BYTES_MAX) {
        this.error(`the first page loads ${bytes} bytes of script (gzip), the limit is ${INITIAL_SCRIPT_BYTES_MAX}`);
      }
    },
  };
}
