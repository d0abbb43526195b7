/** Reads a profile of any format for the commands: what is wrong with it names the file. */
import { readFileSync } from 'node:fs';
import { decodeFile, type FileFormat, guessFormat, inflate, type NamedProfile } from '@flamelake/formats';
import { describeError, FlamelakeError } from '@flamelake/model';

export interface ReadOptions {
  /** Largest file, uncompressed. */
  readonly bytesMax: number;
  readonly format: FileFormat | 'auto';
  /** What the values of a format without sample types count. */
  readonly kind: string;
  /** Hz. */
  readonly sampleRate: number;
}

export interface ProfileFile {
  /** As stored, without gzip. */
  readonly bytes: Uint8Array;
  readonly format: FileFormat;
  /** Of pprof, one whose name is ''. */
  readonly profiles: readonly NamedProfile[];
}

/** In the words of the options. */
const FORMATS = 'pprof, jfr, groups, lines, trie, tree, speedscope, perf';

/**
 * @throws {FlamelakeError} `invalid_argument` for a file that cannot be read, is too large, of no known format, or damaged
 */
export function readProfileFile(file: string, options: ReadOptions): ProfileFile {
  const content = readFile(file);
  let format = options.format;
  try {
    const bytes = inflate(content, { bytesMax: options.bytesMax });
    if (format === 'auto') {
      const guessed = guessFormat(bytes);
      if (guessed === undefined) {
        throw new FlamelakeError('invalid_argument', 'file is no profile of a format that is known', {
          file,
          known: FORMATS,
        });
      }
      format = guessed;
    }
    return { bytes, format, profiles: decodeFile(bytes, format, options) };
  } catch (cause) {
    if (!(cause instanceof FlamelakeError) || cause.details.file !== undefined) throw cause;
    const details = { file, readAs: format, reason: describeError(cause) };
    throw new FlamelakeError('invalid_argument', 'file is no profile of its format, or a damaged one', details, {
      cause,
    });
  }
}

/** The sentence that says how a file was read. */
export function readingOf({ format, profiles }: ProfileFile, options: ReadOptions): string {
  const how = options.format === 'auto' ? 'guessed' : 'as told';
  const count = profiles.length === 1 ? '' : `, ${profiles.length} profiles`;
  const rate = `at ${options.sampleRate} Hz where it does not say`;
  const kind = format === 'pprof' ? '' : format === 'jfr' ? `, samples ${rate}` : `, counting ${options.kind} ${rate}`;
  return `format ${format} (${how})${kind}${count}`;
}

function readFile(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FlamelakeError('invalid_argument', 'file cannot be read', { file, reason }, { cause });
  }
}
