/**
 * Folded text, a stack a line with the root first: `root;child;leaf COUNT` (format `groups`), or without the count, each line
 * counting one (format `lines`).
 */
import { GrowingUint32 } from '../growing-columns.ts';
import type { StackSamples } from './stack-samples.ts';
import { StringTable } from './string-table.ts';
import { decimal, forEachLine, isBlank, malformedText } from './text-lines.ts';

const SEMICOLON = 0x3b;

/**
 * @param strings - gets the frames: frame `i` is string `i + 1`
 * @throws {FlamelakeError} `invalid_argument` naming the line that is none
 */
export function decodeFolded(bytes: Uint8Array, strings: StringTable, samples: StackSamples): void {
  const frames = new GrowingUint32();
  forEachLine(bytes, (start, end, line) => {
    let countStart = end;
    while (countStart > start && !isBlank(bytes[countStart - 1])) countStart--;
    const value = countStart === start ? undefined : decimal(bytes, countStart, end);
    if (value === undefined) {
      throw malformedText('line of folded text must end in a blank and a whole count', { line });
    }
    let stackEnd = countStart;
    while (stackEnd > start && isBlank(bytes[stackEnd - 1])) stackEnd--;
    readFrames(bytes, start, stackEnd, strings, frames);
    samples.add(frames.values, frames.length, value);
  });
}

/** Equal lines become one sample. */
export function decodeLines(bytes: Uint8Array, strings: StringTable, samples: StackSamples): void {
  const frames = new GrowingUint32();
  const lines = new StringTable();
  forEachLine(bytes, (start, end) => {
    const known = lines.count;
    const line = lines.index(bytes, start, end);
    if (line < known) {
      samples.increment(line - 1);
      return;
    }
    readFrames(bytes, start, end, strings, frames);
    samples.add(frames.values, frames.length, 1);
  });
}

/** Reads `a;b;c`; frames without a name are left out. */
function readFrames(bytes: Uint8Array, start: number, end: number, strings: StringTable, frames: GrowingUint32): void {
  frames.clear();
  for (let at = start; at < end; ) {
    let frameEnd = at;
    while (frameEnd < end && bytes[frameEnd] !== SEMICOLON) frameEnd++;
    if (frameEnd > at) frames.push(strings.index(bytes, at, frameEnd) - 1);
    at = frameEnd + 1;
  }
}
