/** A full disk refuses pushes with a clear error, loses nothing, and is served again when there is space. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { call, startServer, temporaryDirectory } from './server-process.ts';
import { push, pushMessage, smallPprof, totalOf } from './small-profile.ts';

const DISK_SIZE = '24m';
/** Leaves too little for a record. */
const FILL_CHUNK_BYTES = 65_536;

function mountSmallDisk(directory: string): string | false {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_SIZE}`, 'tmpfs', directory], { stdio: 'ignore' });
    return false;
  } catch {
    return 'a small file system cannot be mounted here';
  }
}

test('a full disk refuses pushes, keeps what it has, and recovers', async (context) => {
  const directory = temporaryDirectory();
  const why = mountSmallDisk(directory);
  if (why !== false) return context.skip(why);
  const server = await startServer({ directory, flags: ['--self-profiling.enabled=false'] });
  try {
    const first = smallPprof({ stacks: [{ frames: ['main'], value: 3n }], timeMs: Date.now() - 2000 });
    const commit = await push(server.url, 'disk', first);
    assert.equal(await totalOf(server.url, 'disk', commit), 3n);

    fillDisk(join(directory, 'filler'));
    const second = smallPprof({ stacks: [{ frames: ['main'], value: 4n }], timeMs: Date.now() - 1000 });
    // The log may have preallocated room: push until it is used up.
    const message = pushMessage('disk-full', second);
    let refusal = await call(server.url, 'push.v1.PusherService/Push', message);
    for (let i = 0; i < 10_000 && refusal.status === 200; i++)
      refusal = await call(server.url, 'push.v1.PusherService/Push', message);
    assert.equal(refusal.status, 429, JSON.stringify(refusal.body));
    assert.match(String(refusal.body.message), /disk|full/);
    assert.equal(await totalOf(server.url, 'disk', ''), 3n, 'what is stored can be read');
    await readyBecomes(server.url, 503);

    rmSync(join(directory, 'filler'));
    for (;;) {
      const { status } = await call(server.url, 'push.v1.PusherService/Push', pushMessage('disk-again', second));
      if (status === 200) break;
      assert.equal(status, 429);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const after = await push(
      server.url,
      'disk',
      smallPprof({ stacks: [{ frames: ['main'], value: 5n }], timeMs: Date.now() }),
    );
    assert.equal(await totalOf(server.url, 'disk', after), 8n);
    assert.equal(await server.terminate(), 0);
  } finally {
    await server.kill();
    execFileSync('umount', ['-l', directory]);
  }
});

/** Waits until the server says so: a probe's outcome stands for a second. */
async function readyBecomes(url: string, status: number): Promise<void> {
  while ((await fetch(`${url}/ready`)).status !== status) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** Writes a file until nothing fits any more. */
function fillDisk(file: string): void {
  const chunk = new Uint8Array(FILL_CHUNK_BYTES);
  for (const size of [FILL_CHUNK_BYTES, 4096, 512, 1]) {
    for (;;) {
      try {
        writeFileSync(file, chunk.subarray(0, size), { flag: 'a' });
      } catch {
        break;
      }
    }
  }
}
