/**
 * Makes the golden bucket of a version of manifests: `node test/golden/write-bucket-golden.ts bucket-v2`. A bucket that is there
 * is never made again; only what today's code answers on it is written, to be looked at in the difference.
 */
import { existsSync, writeFileSync } from 'node:fs';
import type { CatalogLimits } from '@flamelake/catalog';
import { askBucket } from './ask-bucket.ts';
import { readBucketFile, writeBucketFile } from './bucket-file.ts';
import { makeBucket } from './make-bucket.ts';
import { storeOfObjects } from './store-of-objects.ts';

/** What the catalog must be told to write the version: 2 names index pages, a few datasets in each. */
const LIMITS: ReadonlyMap<string, Partial<CatalogLimits>> = new Map([
  ['bucket-v1', {}],
  ['bucket-v2', { manifestBytes: 2_048, dayPageBytes: 512, pageDatasets: 2 }],
]);

const [name = ''] = process.argv.slice(2);
const limits = LIMITS.get(name);
if (limits === undefined) throw new RangeError(`which bucket? ${[...LIMITS.keys()].join(', ')}`);
const path = `${import.meta.dirname}/${name}`;
if (!existsSync(`${path}.zst`)) writeBucketFile(`${path}.zst`, await makeBucket(limits));
const answers = await askBucket(await storeOfObjects(readBucketFile(`${path}.zst`)));
const lines = Object.entries(answers).map(
  ([question, answer]) => `${JSON.stringify(question)}: ${JSON.stringify(answer)}`,
);
writeFileSync(`${path}.json`, `{\n${lines.join(',\n')}\n}\n`);
