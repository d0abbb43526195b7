/**
 * Keys of the catalog in the bucket. Numbers are 20 digits, so that keys sort as numbers do; the number of a manifest's key falls as
 * its version rises, so that the newest sorts first.
 *
 *     store.json
 *     logs/<log id>/partitions/<partition>/segments/<position>
 *     logs/<log id>/partitions/<partition>/manifests/<10^20 − 1 − version>
 *     logs/<log id>/partitions/<partition>/blocks/<version the job started from>-<block id>
 *     logs/<log id>/partitions/<partition>/pages/<version it extends>-<id>
 *     tenants/<tenant>/<name>/<10^20 − 1 − version>      (tenant-document.ts)
 */
import { FlamelakeError } from '@flamelake/model';
import type { PartitionRoot } from './types.ts';

/** Prefix of all log roots. */
export const LOGS_PREFIX = 'logs/';

const DIGITS = 20;
const DESCENDING_MAX = 10n ** BigInt(DIGITS) - 1n;

/** Prefix of the partitions of a log: its next path element is the partition's number. */
export function partitionsPrefix(logId: string): string {
  return `${LOGS_PREFIX}${logId}/partitions/`;
}

function rootPrefix(root: PartitionRoot): string {
  return `${partitionsPrefix(root.logId)}${root.partition}/`;
}

export function segmentsPrefix(root: PartitionRoot): string {
  return `${rootPrefix(root)}segments/`;
}

export function manifestsPrefix(root: PartitionRoot): string {
  return `${rootPrefix(root)}manifests/`;
}

export function blocksPrefix(root: PartitionRoot): string {
  return `${rootPrefix(root)}blocks/`;
}

export function pagesPrefix(root: PartitionRoot): string {
  return `${rootPrefix(root)}pages/`;
}

/** Key of the segment that begins at a log position. */
export function segmentKey(root: PartitionRoot, position: number): string {
  return segmentsPrefix(root) + digits(BigInt(position));
}

/** Key of a manifest; higher versions sort first. */
export function manifestKey(root: PartitionRoot, version: number): string {
  return descendingKey(manifestsPrefix(root), version);
}

/** Key of a version of which higher ones sort first. */
export function descendingKey(prefix: string, version: number): string {
  return prefix + digits(DESCENDING_MAX - BigInt(version));
}

/** Key of a block made by a job that started from `version`. */
export function blockKey(root: PartitionRoot, version: number, blockId: string): string {
  return `${blocksPrefix(root)}${digits(BigInt(version))}-${blockId}`;
}

/** Key of an index page made for the version after `version`. */
export function pageKey(root: PartitionRoot, version: number, id: string): string {
  return `${pagesPrefix(root)}${digits(BigInt(version))}-${id}`;
}

/** Version in a manifest's key. */
export function versionOfManifestKey(key: string): number {
  return Number(DESCENDING_MAX - numberAt(key, key.lastIndexOf('/') + 1));
}

/** Version a block's key begins with: where its job started from. */
export function versionOfBlockKey(key: string): number {
  return Number(numberAt(key, key.lastIndexOf('/') + 1));
}

/** Version an index page's key begins with: the one it extends. */
export function versionOfPageKey(key: string): number {
  return Number(numberAt(key, key.lastIndexOf('/') + 1));
}

/** Position in a segment's key. */
export function positionOfSegmentKey(key: string): number {
  return Number(numberAt(key, key.lastIndexOf('/') + 1));
}

function digits(number: bigint): string {
  return number.toString().padStart(DIGITS, '0');
}

function numberAt(key: string, start: number): bigint {
  const text = key.slice(start, start + DIGITS);
  if (!/^\d{20}$/.test(text)) throw new FlamelakeError('data_loss', 'object key has no number', { key });
  return BigInt(text);
}
