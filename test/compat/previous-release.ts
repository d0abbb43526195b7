/** The release before this one, unpacked from previous-release.tar.zst and installed beside this one. */
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { zstdDecompressSync } from 'node:zlib';
import { type Installed, install } from '../real/components/install.ts';
import previous from './previous-release.json' with { type: 'json' };

export const PREVIOUS = `${previous.version} of ${previous.commit.slice(0, 12)}`;

/** @returns the folder its sources and packages are in, or why they cannot be had */
export function installPrevious(): Promise<Installed> {
  return install(`flamelake-${previous.commit}`, async (folder) => {
    const archive = zstdDecompressSync(readFileSync(`${import.meta.dirname}/previous-release.tar.zst`));
    execFileSync('tar', ['-x', '-C', folder], { input: archive });
    await promisify(execFile)('scripts/install', ['--prod'], { cwd: folder, maxBuffer: 2 ** 26 });
  });
}
