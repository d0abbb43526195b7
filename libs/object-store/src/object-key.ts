/** Object keys: what is accepted, and how a key becomes a path. */
import { compareBytes, FlamelakeError } from '@flamelake/model';

/** Longest key, bytes of UTF-8: the limit of S3. */
const KEY_BYTES_MAX = 1_024;
/** Longest file name of common file systems, bytes. */
export const NAME_BYTES_MAX = 255;
/** Ends the file name of every object, so that `a` and `a/b` can both be keys. */
const OBJECT_SUFFIX = '.obj';
/** Characters that any file system keeps apart; a dot is none, so no name can be special or end in the suffix. */
const SAFE = /^[a-z0-9_-]+$/;

/**
 * Checks a key: elements joined by `/`, none of them empty, `.` or `..`.
 * @throws {FlamelakeError} `invalid_argument`
 */
export function checkKey(key: string): void {
  if (!key.isWellFormed()) throw new FlamelakeError('invalid_argument', 'object key is not valid Unicode');
  const sizeBytes = Buffer.byteLength(key);
  if (sizeBytes > KEY_BYTES_MAX) {
    throw new FlamelakeError('invalid_argument', 'object key is too long', { sizeBytes, limit: KEY_BYTES_MAX });
  }
  if (!key.split('/').every(isNamed)) {
    throw new FlamelakeError('invalid_argument', 'object key has an empty element or dots for one', { key });
  }
}

function isNamed(element: string): boolean {
  return element !== '' && element !== '.' && element !== '..';
}

/** Whether a folder of the store can stand for the element. */
export function isKeyElement(element: string): boolean {
  return isNamed(element) && element.isWellFormed() && escapeElement(element).length <= NAME_BYTES_MAX;
}

/**
 * Path of a key below the store's directory, as folder names and a file name.
 * @throws {FlamelakeError} `invalid_argument` when the key is none, or an element is too long for a file name
 */
export function keyPath(key: string): { folders: readonly string[]; file: string } {
  checkKey(key);
  const elements = key.split('/');
  const last = elements.pop() ?? '';
  return { folders: elements.map(folderName), file: checkedName(escapeElement(last) + OBJECT_SUFFIX) };
}

/** Folder name of a key's element. */
export function folderName(element: string): string {
  return checkedName(escapeElement(element));
}

function checkedName(name: string): string {
  if (name.length <= NAME_BYTES_MAX) return name;
  throw new FlamelakeError('invalid_argument', 'element of an object key is too long for a file name', {
    sizeBytes: name.length,
    limit: NAME_BYTES_MAX,
  });
}

/** Percent-encodes every byte of UTF-8 but a-z, 0-9, `_` and `-`. Capitals too: some file systems take A for a. */
function escapeElement(element: string): string {
  if (SAFE.test(element)) return element;
  let escaped = '';
  for (const byte of Buffer.from(element)) {
    const character = String.fromCharCode(byte);
    escaped += SAFE.test(character) ? character : `%${byte.toString(16).padStart(2, '0')}`;
  }
  return escaped;
}

/** What a name in a folder of the store stands for. */
export interface StoredName {
  /** Element of a key; a folder's ends in `/`. So elements of one folder sort as the keys below them do. */
  readonly element: string;
  readonly name: string;
}

/** Reads a folder entry back. @returns undefined for what is not the store's own */
export function storedName(name: string, kind: 'file' | 'folder' | 'other'): StoredName | undefined {
  if (kind === 'folder') {
    const element = unescapeElement(name);
    return element === undefined ? undefined : { element: `${element}/`, name };
  }
  if (kind !== 'file' || !name.endsWith(OBJECT_SUFFIX)) return undefined;
  const element = unescapeElement(name.slice(0, -OBJECT_SUFFIX.length));
  return element === undefined ? undefined : { element, name };
}

/** Orders by the bytes of keys. */
export function compareStored(a: StoredName, b: StoredName): number {
  return compareBytes(a.element, b.element);
}

const ESCAPED = /^(?:[a-z0-9_-]|%[0-9a-f]{2})+$/;

function unescapeElement(name: string): string | undefined {
  if (SAFE.test(name)) return name;
  if (!ESCAPED.test(name)) return undefined;
  try {
    const element = decodeURIComponent(name);
    return escapeElement(element) === name ? element : undefined;
  } catch {
    // Bytes that are no UTF-8: not written by us.
    return undefined;
  }
}

/** Largest body of a put-if-absent: one part, from a buffer, in every store. */
const CONDITIONAL_BYTES_MAX = 16 * 1_048_576;

/** @throws {FlamelakeError} `invalid_argument` when a body is too large for a put-if-absent */
export function checkConditionalSize(body: Uint8Array): void {
  if (body.length <= CONDITIONAL_BYTES_MAX) return;
  throw new FlamelakeError('invalid_argument', 'object is too large for a put-if-absent', {
    sizeBytes: body.length,
    limit: CONDITIONAL_BYTES_MAX,
  });
}
