/** Large objects in parts, a few at a time. */
import type { Client } from 'minio';
import { plainEtag } from './http-values.ts';
import { inParallel } from './in-parallel.ts';
import type { RemoteCall } from './remote-driver.ts';

/** Bytes of a part; smaller objects are one put. S3 takes 5 MiB to 5 GiB, and 10,000 parts. */
export const S3_PART_BYTES = 16 * 1_048_576;
/** Parts under way at once. */
const PARALLEL = 4;

/**
 * Uploads an object; on an error the parts are given up.
 * @param body - larger than one part
 */
export async function uploadParts(
  client: Client,
  bucket: string,
  key: string,
  body: Buffer,
  headers: Record<string, string>,
  call: RemoteCall,
): Promise<void> {
  const uploadId = await client.initiateNewMultipartUpload(bucket, key, headers);
  const parts = Array.from({ length: Math.ceil(body.length / S3_PART_BYTES) }, (_, index) => ({
    part: index + 1,
    etag: '',
  }));
  try {
    await inParallel(parts, PARALLEL, async (uploaded) => {
      const bytes = body.subarray((uploaded.part - 1) * S3_PART_BYTES, uploaded.part * S3_PART_BYTES);
      const query = `partNumber=${uploaded.part}&uploadId=${encodeURIComponent(uploadId)}`;
      const options = { method: 'PUT', bucketName: bucket, objectName: key, query, headers: {} };
      const answer = await client.makeRequestAsyncOmit(options, bytes);
      call.progress();
      uploaded.etag = plainEtag(answer.headers.etag);
    });
    await client.completeMultipartUpload(bucket, key, uploadId, parts);
  } catch (error) {
    // What stays is removed by the bucket's rule for incomplete uploads.
    await client.abortMultipartUpload(bucket, key, uploadId).catch(() => {});
    throw error;
  }
}
