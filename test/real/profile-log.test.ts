import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after } from 'node:test';
import { createMemoryLog, openFileLog } from '@flamelake/profile-log';
import { nodeFileSystem, systemClock, systemRandom } from '@flamelake/runtime';
import { profileLogContract } from './profile-log.contract.ts';

profileLogContract('memory', {
  create: async () => createMemoryLog({ clock: systemClock, random: systemRandom, partitionCount: 3 }),
  partitionCount: 3,
});

const directory = mkdtempSync(`${tmpdir()}/flamelake-log-`);
after(() => rmSync(directory, { recursive: true }));
let logs = 0;
const open = () =>
  openFileLog({
    directory: `${directory}/${logs}`,
    fileSystem: nodeFileSystem,
    clock: systemClock,
    random: systemRandom,
    onFatal: (error) => assert.fail(String(error)),
  });

profileLogContract('files', {
  create: () => {
    logs++;
    return open();
  },
  reopen: open,
  partitionCount: 1,
});

// Small enough that most reads come from the disk and files are rolled and trimmed.
profileLogContract('small files', {
  create: () => {
    logs++;
    return openSmall();
  },
  reopen: openSmall,
  partitionCount: 1,
});

function openSmall() {
  return openFileLog({
    directory: `${directory}/${logs}`,
    fileSystem: nodeFileSystem,
    clock: systemClock,
    random: systemRandom,
    onFatal: (error) => assert.fail(String(error)),
    fileBytesMax: 500,
    groupBytesMax: 2_000,
    tailBytesMax: 0,
  });
}
