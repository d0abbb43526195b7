/**
 * Output of `perf script`: samples apart by blank lines, each a line that begins with the command and lines of
 * `address symbol+0xoffset (file)`, leaf first.
 */
import { GrowingUint32 } from '../growing-columns.ts';
import type { StackSamples } from './stack-samples.ts';
import type { StringTable } from './string-table.ts';
import { decimal, isBlank, malformedText } from './text-lines.ts';

const LINE_FEED = 0x0a;
const HASH = 0x23;
const TIME = /^\d+\.\d+:$/;
const DIGITS = /^\d+$/;
const ADDRESS = /^[0-9a-f]+$/;
const CLOCK = /^(?:cpu|task)-clock(?::|$)/;
const OFFSET = /\+0x[0-9a-f]{1,16}$/;
const DELETED = ' (deleted))';

/**
 * @param strings - gets the frames: frame `i` is string `i + 1`
 * @param wantsNanos - values are to be nanoseconds, where all samples are of a clock and say their period; else each counts one
 * @returns whether they are
 * @throws {FlamelakeError} `invalid_argument` naming the line that is none
 */
export function decodePerf(
  bytes: Uint8Array,
  strings: StringTable,
  samples: StackSamples,
  wantsNanos: boolean,
): boolean {
  const frames = new GrowingUint32();
  const root = new GrowingUint32();
  const names = new Map<string, number>();
  const periods: (number | bigint)[] = [];
  let isNanos = wantsNanos;
  let isOpen = false;
  const end = () => {
    if (!isOpen) return;
    root.clear();
    for (let i = frames.length - 1; i >= 0; i--) root.push(frames.values[i]);
    samples.add(root.values, root.length, 1);
    frames.clear();
    isOpen = false;
  };
  forEachText(bytes, (text, number, isIndented) => {
    if (text === '') return end();
    if (!isIndented) {
      end();
      const { period, isClock } = readHead(text, number);
      periods.push(period ?? 0);
      if (period === undefined || !isClock) isNanos = false;
      isOpen = true;
      return;
    }
    const name = isOpen ? frameName(text) : undefined;
    if (name === undefined) {
      throw malformedText('line of perf script is neither a sample nor a frame of one', { line: number });
    }
    let index = names.get(name);
    if (index === undefined) {
      index = strings.text(name) - 1;
      names.set(name, index);
    }
    frames.push(index);
  });
  end();
  if (isNanos) for (const [sample, period] of periods.entries()) samples.setValue(sample, period);
  return isNanos;
}

/** Reads `command pid [cpu] time: period event:`, of which the command may hold blanks and the period may be missing. */
function readHead(text: string, line: number): { period: number | bigint | undefined; isClock: boolean } {
  const words = text.split(/\s+/);
  const time = words.findIndex((word) => TIME.test(word));
  const hasPeriod = DIGITS.test(words[time + 1] ?? '');
  const event = words.slice(time + 1).find((word) => word.endsWith(':'));
  if (event === undefined) throw malformedText('line of perf script names no event', { line });
  const digits = Buffer.from(hasPeriod ? words[time + 1] : '');
  return { period: decimal(digits, 0, digits.length), isClock: CLOCK.test(event) };
}

/** The symbol without its offset; of an unknown one the file it is in; undefined when the line is no frame. */
function frameName(line: string): string | undefined {
  const text = line.trim();
  const addressEnd = text.indexOf(' ');
  if (addressEnd < 0 || !ADDRESS.test(text.slice(0, addressEnd))) return undefined;
  const isDeleted = text.endsWith(DELETED);
  const end = isDeleted ? text.length - DELETED.length : text.length - 1;
  const fileStart = text.endsWith(')') ? text.lastIndexOf(' (', end - 1) : -1;
  const symbol = text.slice(addressEnd + 1, fileStart < addressEnd ? undefined : fileStart).trim();
  const name = symbol.replace(OFFSET, '');
  if (name !== '' && name !== '[unknown]') return name;
  const file = fileStart < 0 ? '' : text.slice(fileStart + 2, end);
  const base = file.slice(file.lastIndexOf('/') + 1);
  return base === '' || base === '[unknown]' ? '[unknown]' : base.startsWith('[') ? base : `[${base}]`;
}

/** Lines as text, comments left out. */
function forEachText(bytes: Uint8Array, each: (text: string, number: number, isIndented: boolean) => void): void {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let number = 0;
  for (let at = 0; at < bytes.length; ) {
    const found = bytes.indexOf(LINE_FEED, at);
    const end = found < 0 ? bytes.length : found;
    number++;
    if (bytes[at] !== HASH) each(all.toString('utf8', at, end).trimEnd(), number, isBlank(bytes[at]));
    at = end + 1;
  }
}
