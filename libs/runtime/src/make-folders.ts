/** Making a folder with its parents, durably. */
import { dirname } from 'node:path';
import { type FileSystem, fileErrorCode } from './file-system.ts';

/** Makes the folder at `path` and every missing parent; resolves when their names are durable. */
export async function makeFolders(fileSystem: FileSystem, path: string): Promise<void> {
  const stat = await fileSystem.stat(path);
  const parent = dirname(path);
  if (stat === undefined) {
    if (parent !== path) await makeFolders(fileSystem, parent);
    try {
      await fileSystem.makeFolder(path);
    } catch (error) {
      // A rival made it meanwhile.
      if (fileErrorCode(error) !== 'EEXIST') throw error;
    }
    await fileSystem.syncFolder(parent);
  }
}
