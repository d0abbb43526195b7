/** Prometheus' own checks of rules. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Installed, install } from './install.ts';

const PROMETHEUS = 'v0.315.0';
const runFile = promisify(execFile);

/** Builds it: two minutes with two cores. */
export function installPromtool(): Promise<Installed> {
  return install(`promtool-${PROMETHEUS}`, async (folder) => {
    const words = ['mod', 'download', '-json', `github.com/prometheus/prometheus@${PROMETHEUS}`];
    const { stdout } = await runFile('go', words, { maxBuffer: 2 ** 26 });
    // A module that replaces others is built where it is, and its workspace names folders that are not published.
    const cwd = (JSON.parse(stdout) as { Dir: string }).Dir;
    const env = { ...process.env, GOWORK: 'off', GOFLAGS: '-p=2' };
    await runFile('go', ['build', '-o', `${folder}/promtool`, './cmd/promtool'], { cwd, env, maxBuffer: 2 ** 26 });
  });
}
