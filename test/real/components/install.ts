/**
 * Installing real servers for tests: once, into `.cache/components` of the project, kept between runs. A registry that
 * times out is asked three times; where a server cannot be had, its tests are skipped and say why.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const TRIES = 3;
const CACHE = new URL('../../../.cache/components/', import.meta.url).pathname;
const runFile = promisify(execFile);

export type Installed = { readonly path: string; readonly skip?: undefined } | { readonly skip: string };

/**
 * Makes sure that `.cache/components/<name>` is there.
 * @param make - fills the folder it is given; called again after a failure, at most three times in all
 * @returns the folder, or why it cannot be had
 */
export async function install(name: string, make: (folder: string) => Promise<unknown>): Promise<Installed> {
  const path = CACHE + name;
  const done = `${path}/.installed`;
  if (existsSync(done)) return { path };
  const unlock = await lock(`${path}.lock`);
  try {
    for (let tries = 1; !existsSync(done); tries++) {
      rmSync(path, { recursive: true, force: true });
      mkdirSync(path, { recursive: true });
      try {
        await make(path);
        writeFileSync(done, '');
      } catch (error) {
        const { stderr } = error as { readonly stderr?: string };
        const reason = (stderr || String(error)).trim();
        if (tries === TRIES) return { skip: `${name} cannot be installed: ${reason.slice(-300)}` };
      }
    }
    return { path };
  } finally {
    unlock();
  }
}

/** The folder. @throws {Error} with the reason when it cannot be had */
export function pathOf(installed: Installed): string {
  if (installed.skip !== undefined) throw new Error(installed.skip);
  return installed.path;
}

/** Builds a Go program into the folder. */
export function installGo(name: string, module: string): Promise<Installed> {
  return install(name, (folder) =>
    runFile('go', ['install', module], { env: { ...process.env, GOBIN: folder, GOFLAGS: '-p=2' }, maxBuffer: 2 ** 26 }),
  );
}

/** Installs a package of npm into the folder. */
export function installNpm(name: string, module: string): Promise<Installed> {
  const words = ['install', '--prefix', '.', '--no-fund', '--no-audit', '--ignore-scripts', module];
  return install(name, (folder) => runFile('npm', words, { cwd: folder, maxBuffer: 2 ** 26 }));
}

/**
 * Makes sure that programs are on the path: of Debian's packages, installed when root.
 * @returns why they are not
 */
export async function installDebian(
  programs: readonly string[],
  packages: readonly string[],
): Promise<string | undefined> {
  const areThere = async () => {
    const found = programs.map((program) => runFile(program, ['--version']));
    return (await Promise.allSettled(found)).every(({ status }) => status === 'fulfilled');
  };
  if (await areThere()) return undefined;
  if (process.getuid?.() !== 0) return `${programs.join(', ')}: not installed`;
  const unlock = await lock(`${CACHE}debian.lock`);
  try {
    if (await areThere()) return undefined;
    const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, maxBuffer: 2 ** 26 };
    await runFile('apt-get', ['update', '-qq'], options);
    await runFile('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], options);
    return undefined;
  } catch (error) {
    const { stderr } = error as { readonly stderr?: string };
    return `${packages.join(', ')} cannot be installed: ${(stderr ?? String(error)).slice(-300)}`;
  } finally {
    unlock();
  }
}

/** Test files run side by side: one of them installs, the others wait. */
async function lock(file: string): Promise<() => void> {
  mkdirSync(CACHE, { recursive: true });
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch {
      const owner = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
      // A test run that was killed leaves its lock.
      if (owner > 0 && !isAlive(owner)) rmSync(file, { force: true });
      await sleep(200);
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
