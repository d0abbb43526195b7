/** Guesses the format of a profile in a file by what it begins with. */
import { isUtf8 } from 'node:buffer';
import { decodePprof } from './decode-pprof.ts';
import { decodeStacks, type StackFormat } from './text/decode-stacks.ts';

export type FileFormat = 'pprof' | 'jfr' | StackFormat;

/** Bytes and lines looked at of a text. */
const HEAD_BYTES = 65_536;
const LINES_MAX = 200;
const PERF_HEAD = /\s\d+\.\d+:\s.*\S:/;
const PERF_FRAME = /^\s+[0-9a-f]+ \S/;
const FOLDED_LINE = /\S[ \t]+\d+$/;
/** What a name says of a content that could be several things. */
const FORMAT_OF_EXTENSION: ReadonlyMap<string, FileFormat> = new Map([
  ['pprof', 'pprof'],
  ['jfr', 'jfr'],
  ['collapsed', 'groups'],
  ['folded', 'groups'],
  ['txt', 'groups'],
  ['perf_script', 'perf'],
  ['json', 'speedscope'],
]);
const JFR_MAGIC = Buffer.from('FLR\0');
/** Of a tree or a trie without a name at its root, which no pprof begins with. */
const NAMELESS = 0;

/**
 * @param bytes - without compression
 * @returns undefined when it is none that is known
 */
export function guessFormat(bytes: Uint8Array): FileFormat | undefined {
  if (startsWith(bytes, JFR_MAGIC)) return 'jfr';
  const head = textHead(bytes);
  if (head !== undefined) return guessText(head);
  if (bytes[0] === NAMELESS) return isRead(bytes, 'tree') ? 'tree' : isRead(bytes, 'trie') ? 'trie' : undefined;
  return isPprof(bytes) ? 'pprof' : undefined;
}

/** What the end of a file's name says. */
export function formatOfName(name: string): FileFormat | undefined {
  const plain = name.toLowerCase().replace(/\.gz$/, '');
  return FORMAT_OF_EXTENSION.get(plain.slice(plain.lastIndexOf('.') + 1));
}

/** The beginning as text; undefined when it is none. */
function textHead(bytes: Uint8Array): string | undefined {
  const head = bytes.subarray(0, HEAD_BYTES);
  if (head.includes(0)) return undefined;
  // The last character may be cut.
  for (let cut = 0; cut < 4; cut++) {
    const whole = head.subarray(0, head.length - cut);
    if (isUtf8(whole)) return Buffer.from(whole).toString('utf8');
  }
  return undefined;
}

function guessText(head: string): FileFormat | undefined {
  if (head.trimStart().startsWith('{')) return 'speedscope';
  const lines = head.split('\n', LINES_MAX).map((line) => line.trimEnd());
  // It may be cut.
  if (lines.length > 1) lines.pop();
  const said = lines.filter((line) => line !== '' && !line.startsWith('#'));
  const [first, second] = said;
  if (first === undefined) return undefined;
  if (PERF_HEAD.test(first) && (second === undefined || PERF_FRAME.test(second) || PERF_HEAD.test(second)))
    return 'perf';
  if (said.every((line) => FOLDED_LINE.test(line))) return 'groups';
  return said.every((line) => line.includes(';')) ? 'lines' : undefined;
}

function startsWith(bytes: Uint8Array, magic: Uint8Array): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}

function isRead(bytes: Uint8Array, format: StackFormat): boolean {
  const options = { kind: 'cpu', sampleRate: 0, samplesMax: Number.MAX_SAFE_INTEGER, stackDepthMax: 1_000 };
  return isDone(() => decodeStacks(bytes, format, options));
}

function isPprof(bytes: Uint8Array): boolean {
  return isDone(() => decodePprof(bytes, { samplesMax: Number.MAX_SAFE_INTEGER }));
}

function isDone(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}
