/**
 * Makes the golden bucket of a version of the stored formats: `node test/golden/write-bucket-golden.ts bucket-v2`. A bucket that is there
 * is never made again; only what today's code answers on it is written, to be looked at in the difference.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { askBucket } from './ask-bucket.ts';
import { readBucketFile, writeBucketFile } from './bucket-file.ts';
import { makeBucket } from './make-bucket.ts';
import { storeOfObjects } from './store-of-objects.ts';

const [name] = process.argv.slice(2);
if (!/^bucket-v\d+$/.test(name ?? '')) throw new RangeError('which bucket? bucket-v1, bucket-v2, …');
const path = `${import.meta.dirname}/${name}`;
if (!existsSync(`${path}.zst`)) writeBucketFile(`${path}.zst`, await makeBucket());
const answers = await askBucket(await storeOfObjects(readBucketFile(`${path}.zst`)));
const lines = Object.entries(answers).map(
  ([question, answer]) => `${JSON.stringify(question)}: ${JSON.stringify(answer)}`,
);
writeFileSync(`${path}.json`, `{\n${lines.join(',\n')}\n}\n`);
