/**
 * One page of ListObjectsV2. Read by hand: a general XML parser takes 0.2 s for 1,000 keys, and takes a key of digits for
 * a number. What is read is written by machines, in one known form; anything else is an error.
 *
 *     <ListBucketResult>
 *       <EncodingType>url</EncodingType> <IsTruncated>true</IsTruncated> <NextContinuationToken>…</NextContinuationToken>
 *       <Contents><Key>…</Key><LastModified>ISO 8601</LastModified><Size>…</Size>…</Contents>…
 *       <CommonPrefixes><Prefix>…</Prefix></CommonPrefixes>…
 *     </ListBucketResult>
 */
import { FlamelakeError, type ObjectInfo } from '@flamelake/model';
import { wholeSeconds } from './http-values.ts';

export interface S3ListPage {
  readonly objects: readonly ObjectInfo[];
  /** Common prefixes, whole, each ending in `/`. */
  readonly prefixes: readonly string[];
  /** Where the next page begins; undefined on the last. */
  readonly nextToken: string | undefined;
}

const CONTENTS = /<Contents>(.*?)<\/Contents>/gs;
const PREFIXES = /<CommonPrefixes>\s*<Prefix>([^<]*)<\/Prefix>\s*<\/CommonPrefixes>/gs;

/** @throws {FlamelakeError} `unavailable` when the text is no listing: a proxy's page, or a cut answer */
export function parseS3ListPage(xml: string): S3ListPage {
  if (!/<ListBucketResult[\s>]/.test(xml) || !xml.includes('</ListBucketResult>')) {
    throw new FlamelakeError('unavailable', 'object store answered something else than a listing', {
      begins: xml.slice(0, 100),
    });
  }
  // Elements of a page stand before, between and after its rows.
  const outside = xml.replace(CONTENTS, '').replace(PREFIXES, '');
  const isEncoded = element(outside, 'EncodingType') === 'url';
  const nameOf = (text: string) =>
    isEncoded ? decodeURIComponent(unescapeXml(text).replaceAll('+', ' ')) : unescapeXml(text);
  const objects = Array.from(xml.matchAll(CONTENTS), ([, row = '']): ObjectInfo => {
    const key = element(row, 'Key');
    const modifiedMs = wholeSeconds(element(row, 'LastModified'));
    const sizeBytes = Number(element(row, 'Size') ?? Number.NaN);
    if (key === undefined || !Number.isSafeInteger(sizeBytes) || modifiedMs === 0) {
      throw new FlamelakeError('unavailable', 'object store listed an object without key, size or time', { row });
    }
    return { key: nameOf(key), sizeBytes, modifiedMs };
  });
  const prefixes = Array.from(xml.matchAll(PREFIXES), ([, prefix = '']) => nameOf(prefix));
  const token = element(outside, 'NextContinuationToken');
  const isTruncated = element(outside, 'IsTruncated') === 'true';
  return { objects, prefixes, nextToken: isTruncated && token !== undefined ? unescapeXml(token) : undefined };
}

function element(xml: string, name: string): string | undefined {
  const start = xml.indexOf(`<${name}>`);
  const end = xml.indexOf(`</${name}>`, start);
  return start < 0 || end < 0 ? undefined : xml.slice(start + name.length + 2, end);
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function unescapeXml(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(lt|gt|quot|apos|amp));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return ENTITIES[String(name).toLowerCase()] ?? whole;
    return String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16));
  });
}

/** Escapes text for an element. */
export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
