import { after } from 'node:test';
import { createS3Store } from '@flamelake/object-store/s3';
import { systemClock, systemRandom } from '@flamelake/runtime';
import { bucketContract } from './bucket.contract.ts';
import type { RunningServer } from './components/server.ts';
import { installVersitygw, S3_ACCESS_KEY, S3_BUCKET, S3_SECRET_KEY, startVersitygw } from './components/versitygw.ts';
import { objectStoreContract } from './object-store.contract.ts';

const installed = await installVersitygw();
let starting: Promise<RunningServer> | undefined;
after(async () => (await starting)?.stop());

for (const prefix of ['', 'some/where']) {
  objectStoreContract(`S3 (versitygw), prefix '${prefix}'`, {
    ...(installed.skip === undefined ? {} : { skip: installed.skip }),
    hasFolders: true,
    async open() {
      if (installed.skip === undefined) starting ??= startVersitygw(installed.path);
      const server = await starting;
      return createS3Store({
        clock: systemClock,
        random: systemRandom,
        endpoint: `http://127.0.0.1:${server?.port}`,
        bucket: S3_BUCKET,
        region: 'us-east-1',
        prefix,
        credentials: async () => ({ accessKey: S3_ACCESS_KEY, secretKey: S3_SECRET_KEY }),
      });
    },
  });
}

bucketContract('S3 (versitygw)', {
  skip: installed.skip,
  async open() {
    if (installed.skip === undefined) starting ??= startVersitygw(installed.path);
    const server = await starting;
    return createS3Store({
      clock: systemClock,
      random: systemRandom,
      endpoint: `http://127.0.0.1:${server?.port}`,
      bucket: 'made-here',
      region: 'us-east-1',
      credentials: async () => ({ accessKey: S3_ACCESS_KEY, secretKey: S3_SECRET_KEY }),
    });
  },
});
