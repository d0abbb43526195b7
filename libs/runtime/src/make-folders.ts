/** Making a folder with its parents, durably. */
import { dirname } from 'node:path';
import { type FileSystem, fileErrorCode } from './file-system.ts';

/** Why a folder that was there before us may refuse to be synced: it is not ours, or its file system knows no such thing. */
const NOT_OURS = new Set(['EACCES', 'EPERM', 'EROFS', 'EINVAL']);

/**
 * Makes the folder at `path` and every missing parent; resolves when their names are durable. Folders that are there
 * are synced too: whoever made them, an earlier life of this process perhaps, may have been killed before its sync.
 */
export async function makeFolders(fileSystem: FileSystem, path: string): Promise<void> {
  const parent = dirname(path);
  if (parent === path) return;
  await makeFolders(fileSystem, parent);
  const isMade = await makeIfAbsent(fileSystem, path);
  try {
    await fileSystem.syncFolder(parent);
  } catch (error) {
    if (isMade || !NOT_OURS.has(fileErrorCode(error) ?? '')) throw error;
  }
}

async function makeIfAbsent(fileSystem: FileSystem, path: string): Promise<boolean> {
  if ((await fileSystem.stat(path)) !== undefined) return false;
  try {
    await fileSystem.makeFolder(path);
    return true;
  } catch (error) {
    // A rival made it meanwhile.
    if (fileErrorCode(error) !== 'EEXIST') throw error;
    return false;
  }
}
