import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after } from 'node:test';
import { createFileStore, createMemoryStore, measureStore } from '@flamelake/object-store';
import { createMetrics, nodeFileSystem, systemClock, systemRandom } from '@flamelake/runtime';
import { objectStoreContract } from './object-store.contract.ts';

objectStoreContract('memory', { open: async () => createMemoryStore({ clock: systemClock }) });

const directory = mkdtempSync(`${tmpdir()}/flamelake-store-`);
after(() => rmSync(directory, { recursive: true }));
const ports = { fileSystem: nodeFileSystem, clock: systemClock, random: systemRandom };
objectStoreContract('measured', {
  open: async () => measureStore(createMemoryStore({ clock: systemClock }), createMetrics(), systemClock),
});
objectStoreContract('files', { open: () => createFileStore({ directory: `${directory}/store`, ...ports }) });
