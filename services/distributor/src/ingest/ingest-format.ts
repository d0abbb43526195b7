/** Which format a body sent to `/ingest` is in: decided by `format` and Content-Type alone, in the order of the contract. */
import type { StackFormat } from '@flamelake/formats';

export type IngestFormat = StackFormat | 'jfr' | 'pprof' | 'multipart';

/** @param contentType - as sent; matched case-sensitively */
export function ingestFormat(format: string | null, contentType: string): IngestFormat {
  if (format === 'trie' || contentType === 'binary/octet-stream+trie') return 'trie';
  if (format === 'tree' || contentType === 'binary/octet-stream+tree') return 'tree';
  if (format === 'lines' || format === 'jfr' || format === 'speedscope') return format;
  // Output of perf script; the contract has no such format.
  if (format === 'perf') return format;
  const isMultipart = contentType.includes('multipart/form-data');
  // pprof with a multipart body: the form is read all the same, where the contract has parsing fail.
  if (format === 'pprof') return isMultipart ? 'multipart' : 'pprof';
  return isMultipart ? 'multipart' : 'groups';
}
