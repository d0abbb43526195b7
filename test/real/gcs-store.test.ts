import { after } from 'node:test';
import { createGcsStore } from '@flamelake/object-store/gcs';
import { systemClock, systemRandom } from '@flamelake/runtime';
import { bucketContract } from './bucket.contract.ts';
import { GCS_BUCKET, installFakeGcs, startFakeGcs } from './components/fake-gcs.ts';
import type { RunningServer } from './components/server.ts';
import { objectStoreContract } from './object-store.contract.ts';

const installed = await installFakeGcs();
let starting: Promise<RunningServer> | undefined;
after(async () => (await starting)?.stop());

objectStoreContract('Google Cloud Storage (fake-gcs-server)', {
  ...(installed.skip === undefined ? {} : { skip: installed.skip }),
  async open() {
    if (installed.skip === undefined) starting ??= startFakeGcs(installed.path);
    const server = await starting;
    return createGcsStore({
      clock: systemClock,
      random: systemRandom,
      endpoint: `http://127.0.0.1:${server?.port}`,
      bucket: GCS_BUCKET,
      prefix: 'some/where',
    });
  },
});

bucketContract('Google Cloud Storage (fake-gcs-server)', {
  skip: installed.skip,
  async open() {
    if (installed.skip === undefined) starting ??= startFakeGcs(installed.path);
    const server = await starting;
    return createGcsStore({
      clock: systemClock,
      random: systemRandom,
      endpoint: `http://127.0.0.1:${server?.port}`,
      bucket: 'made-here',
      project: 'tests',
      location: 'europe-west1',
    });
  },
});
