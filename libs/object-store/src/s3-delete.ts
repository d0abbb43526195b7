/** Deletes: one key by its own request, several by one DeleteObjects. */
import { createHash } from 'node:crypto';
import { readBody } from './read-body.ts';
import type { RemoteCall } from './remote-driver.ts';
import { S3ServerError } from './s3-errors.ts';
import { escapeXml } from './s3-list-page.ts';

/** Sends a request on the bucket. */
type Send = (
  options: { method: string; objectName?: string; query?: string; headers?: Record<string, string> },
  expected: readonly number[],
  body?: Uint8Array,
) => Promise<AsyncIterable<Uint8Array>>;

/** Deletes at most 1,000 keys; absent ones are no error. Throws the first key's error, by its name. */
export async function deleteObjects(keys: readonly string[], send: Send, call: RemoteCall): Promise<void> {
  const [first] = keys;
  if (first === undefined) return;
  if (keys.length === 1) {
    await readBody(await send({ method: 'DELETE', objectName: first }, [200, 204]), undefined, call);
    return;
  }
  const objects = keys.map((key) => `<Object><Key>${escapeXml(key)}</Key></Object>`).join('');
  const body = Buffer.from(`<Delete><Quiet>true</Quiet>${objects}</Delete>`);
  // S3 demands a checksum of this body; MD5 is the one that every gateway knows.
  const headers = { 'content-md5': createHash('md5').update(body).digest('base64'), 'content-type': 'application/xml' };
  const response = await send({ method: 'POST', query: 'delete', headers }, [200], body);
  const answer = Buffer.from(await readBody(response, undefined, call)).toString();
  const failed = /<Error>.*?<Code>([^<]*)<\/Code>/s.exec(answer)?.[1];
  if (failed !== undefined && failed !== 'NoSuchKey') throw new S3ServerError(200, failed);
}
