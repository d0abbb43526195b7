/** Target groups in files: read again when asked, kept while a file is broken. */
import { open, readdir } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { FlamelakeError } from '@flamelake/model';
import { readTargetGroups } from './read-target-groups.ts';
import type { FileDiscovery, TargetGroup } from './scrape-config.ts';

/** One file of targets. */
const FILE_BYTES_MAX = 16_777_216;
const FILES_MAX = 1_000;

export interface Discovered {
  readonly groups: readonly TargetGroup[];
  /** What could not be read; the groups it had before are among `groups`. */
  readonly failures: readonly FlamelakeError[];
}

/** A list of targets that changes. */
export interface Discovery {
  /** Never rejects. */
  discover(signal: AbortSignal): Promise<Discovered>;
  /** Time between lists, ms. */
  readonly refreshMs: number;
  /** Names it in messages. */
  readonly source: string;
}

/** @param folder - relative paths are relative to it */
export function discoverFiles({ files }: FileDiscovery, folder: string, refreshMs: number): Discovery {
  let known = new Map<string, { readonly text: string; readonly groups: readonly TargetGroup[] }>();
  return {
    refreshMs,
    source: files.join(', '),
    async discover() {
      const failures: FlamelakeError[] = [];
      const found = new Map<string, { readonly text: string; readonly groups: readonly TargetGroup[] }>();
      const paths = await matchingFiles(
        files.map((file) => resolve(folder, file)),
        failures,
      );
      for (const path of paths) {
        const before = known.get(path);
        try {
          const text = await readText(path);
          found.set(path, before?.text === text ? before : { text, groups: readTargetGroups(text, path) });
        } catch (cause) {
          failures.push(asFailure(cause, path));
          if (before !== undefined) found.set(path, before);
        }
      }
      known = found;
      return { groups: [...found.values()].flatMap(({ groups }) => groups), failures };
    },
  };
}

/** Paths with their `*` written out, sorted. */
async function matchingFiles(patterns: readonly string[], failures: FlamelakeError[]): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const pattern of patterns) {
    const last = basename(pattern);
    if (!last.includes('*')) {
      found.add(pattern);
      continue;
    }
    try {
      const parts = last.split('*').map((part) => part.replace(/[.+?()|[\]{}^$\\]/g, '\\$&'));
      const regex = new RegExp(`^${parts.join('[^/]*')}$`);
      const names = await readdir(dirname(pattern));
      for (const name of names.filter((one) => regex.test(one))) found.add(resolve(dirname(pattern), name));
    } catch (cause) {
      failures.push(asFailure(cause, pattern));
    }
  }
  if (found.size > FILES_MAX) {
    const details = { files: found.size, limit: FILES_MAX };
    failures.push(new FlamelakeError('resource_exhausted', 'too many files of targets, the rest is not read', details));
  }
  return [...found].sort().slice(0, FILES_MAX);
}

async function readText(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    if (size > FILE_BYTES_MAX) {
      const details = { file: path, size, limitBytes: FILE_BYTES_MAX };
      throw new FlamelakeError('resource_exhausted', 'file of targets is too large', details);
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

function asFailure(cause: unknown, file: string): FlamelakeError {
  if (cause instanceof FlamelakeError) return cause;
  const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new FlamelakeError('unavailable', 'file of targets cannot be read', { file, reason }, { cause });
}
