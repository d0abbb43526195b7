/** As much of a Dockerfile as ours uses: its stages, and running a stage's steps in a folder instead of a container. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { basename, dirname, join, matchesGlob, relative } from 'node:path';
import { promisify } from 'node:util';

const runFile = promisify(execFile);

export interface Step {
  readonly verb: string;
  readonly words: string;
}

/** Steps of each stage, the first of them its FROM. */
export function parseDockerfile(text: string): Step[][] {
  const stages: Step[][] = [];
  for (const line of text.replace(/^#.*$/gm, '').replaceAll('\\\n', ' ').split('\n')) {
    const [, verb, words] = /^([A-Z]+) (.*)$/.exec(line.trim()) ?? [];
    if (verb === undefined) continue;
    if (verb === 'FROM') stages.push([]);
    stages.at(-1)?.push({ verb, words });
  }
  return stages;
}

/** Words of the last step of that verb. @throws {Error} when there is none */
export function lastOf(stage: readonly Step[], verb: string): string {
  const step = stage.findLast((one) => one.verb === verb);
  if (step === undefined) throw new Error(`the Dockerfile has no ${verb}`);
  return step.words;
}

export interface StageRun {
  /** Build context, and what its .dockerignore says. */
  readonly context: string;
  readonly ignore: string;
  /** Stands for `/`. */
  readonly root: string;
  /** What stands for `/` of stages that were run, by name. */
  readonly others?: Readonly<Record<string, string>>;
}

/** Runs a stage's WORKDIR, COPY, USER and RUN below `root`; as root, USER is that user. */
export async function runStage(
  stage: readonly Step[],
  { context, ignore, root, others = {} }: StageRun,
): Promise<void> {
  const isIgnored = ignoreRules(ignore);
  let directory = root;
  let identity: { uid?: number; gid?: number } = {};
  for (const { verb, words } of stage) {
    if (verb === 'WORKDIR') {
      directory = join(root, words);
      mkdirSync(directory, { recursive: true });
    } else if (verb === 'USER') {
      const [uid, gid] = words.split(':').map(Number);
      if (process.getuid?.() === 0) identity = { uid, gid };
    } else if (verb === 'COPY') {
      const [, other] = /^--from=(\S+) /.exec(words) ?? [];
      const names = words.replace(/^--from=\S+ /, '').split(' ');
      const target = join(directory, names.pop() ?? '');
      const from = other === undefined ? context : others[other];
      for (const name of names) {
        const to = words.endsWith('/') ? join(target, basename(name)) : target;
        const filter = (path: string) => other !== undefined || !isIgnored(relative(context, path));
        cpSync(join(from, name), to, { recursive: true, filter });
      }
    } else if (verb === 'RUN') {
      const command = words.replaceAll(/(?<=\s)\/(?=\w)/g, `${root}/`);
      // What is linked from the store of packages would change there too.
      const path = `${dirname(process.execPath)}:${process.env.PATH}`;
      const env = { ...process.env, PATH: path, npm_config_package_import_method: 'copy' };
      await runFile('sh', ['-c', command], { cwd: directory, env, maxBuffer: 2 ** 26, ...identity });
    } else if (verb !== 'FROM') throw new Error(`the stage's ${verb} is not known here`);
  }
}

/** Rules of a .dockerignore: the last one that matches a path, or a folder above it, decides. */
function ignoreRules(text: string): (path: string) => boolean {
  const rules = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return (path) => {
    const parts = path.split('/');
    const prefixes = parts.map((_, end) => parts.slice(0, end + 1).join('/'));
    let isIgnored = false;
    for (const rule of rules) {
      const pattern = rule.replace(/^!/, '');
      if (prefixes.some((prefix) => matchesGlob(prefix, pattern))) isIgnored = !rule.startsWith('!');
    }
    return isIgnored;
  };
}
