/**
 * Packs the sources of a release for test/compat: `node scripts/pack-previous-release.ts COMMIT`. Run it with the commit of a
 * release when that is out, so that the next one is tested against it.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, zstdCompressSync } from 'node:zlib';

const FOLDER = join(import.meta.dirname, '../test/compat');
/** What the image is made of, without what only tests need. */
const PATHS = [
  'package.json',
  'pnpm-lock.yaml',
  'pnpm-workspace.yaml',
  'LICENSE',
  'scripts',
  'protos',
  'libs',
  'services',
];
const WITHOUT = ['**/*.test.ts', '**/*.bench.ts', '**/*.test-support.ts', '**/golden/**'];
const LEVEL = 19;

const [commit] = process.argv.slice(2);
if (commit === undefined) throw new Error('name the commit of the release');
const git = (...words: string[]) => execFileSync('git', words, { maxBuffer: 2 ** 28 });
const archive = git('archive', commit, ...PATHS, ...WITHOUT.map((pattern) => `:(exclude,glob)${pattern}`));
const packed = zstdCompressSync(archive, { params: { [constants.ZSTD_c_compressionLevel]: LEVEL } });
writeFileSync(`${FOLDER}/previous-release.tar.zst`, packed);
const { version } = JSON.parse(git('show', `${commit}:package.json`).toString()) as { version: string };
const description = { version, commit: git('rev-parse', commit).toString().trim() };
writeFileSync(`${FOLDER}/previous-release.json`, `${JSON.stringify(description, undefined, 2)}\n`);
