/** Answers as short texts: exact numbers, exact percentages, never more than so many bytes. */
import { compareBytes } from '@flamelake/model';

/** Most bytes of an answer: about 4,000 tokens. */
export const ANSWER_BYTES_MAX = 16_384;
/** Kept for what is said below the rows: how many are left out, and the link. */
const FOOTER_BYTES = 2_048;
/** Longest name of a function, file or label value; what is longer shows its end. */
const NAME_LENGTH_MAX = 240;

export interface AnswerParts {
  /** Said first. */
  readonly head: readonly string[];
  /** Columns are parted by tabs. */
  readonly rows: readonly string[];
  /** Rows there are, where `rows` are the first of them. */
  readonly rowCount?: number;
  /** What a row is, in the plural. */
  readonly what: string;
  /** Said last, whatever else is left out. */
  readonly foot?: readonly string[];
}

/** As many of the rows as there is room for; says how many are left out. */
export function answerText({ head, rows, rowCount = rows.length, what, foot = [] }: AnswerParts): string {
  const lines = [...head];
  const footBytes = Buffer.byteLength(foot.join('\n')) + 100;
  let bytes = Buffer.byteLength(head.join('\n')) + Math.max(FOOTER_BYTES, footBytes);
  let shown = 0;
  for (const row of rows) {
    bytes += Buffer.byteLength(row) + 1;
    if (bytes > ANSWER_BYTES_MAX) break;
    lines.push(row);
    shown++;
  }
  if (shown < rowCount) lines.push(`${shown} of ${rowCount} ${what} shown; narrow the question to see others`);
  return [...lines, ...foot].join('\n');
}

/** One line, its end where it is too long. */
export function shortName(name: string): string {
  const line = name.replaceAll(/[\t\r\n]+/g, ' ');
  return line.length <= NAME_LENGTH_MAX ? line : `…${line.slice(1 - NAME_LENGTH_MAX)}`;
}

/** Hundredths of a percent, rounded half up. */
export function basisPoints(part: bigint, whole: bigint): bigint {
  return whole === 0n ? 0n : (part * 20_000n + whole) / (2n * whole);
}

/** `12.34%`, right to the last digit whatever the size of the numbers. */
export function percent(part: bigint, whole: bigint): string {
  return percentOf(basisPoints(part, whole));
}

export function percentOf(points: bigint): string {
  const size = points < 0n ? -points : points;
  return `${points < 0n ? '-' : ''}${size / 100n}.${String(size % 100n).padStart(2, '0')}%`;
}

/** A number as people read it beside the exact one; nothing for plain counts. */
export function inWords(value: bigint, unit: string): string {
  if (unit === 'nanoseconds') return ` (${(Number(value) / 1e9).toPrecision(4)} s)`;
  if (unit === 'bytes') return ` (${(Number(value) / 1_048_576).toPrecision(4)} MiB)`;
  return '';
}

/** Larger first, then by the bytes of the name. */
export function heaviest<Row extends { readonly name: string }>(
  rows: readonly Row[],
  weight: (row: Row) => bigint,
): readonly Row[] {
  return rows.toSorted((a, b) => {
    const [left, right] = [weight(a), weight(b)];
    return left > right ? -1 : left < right ? 1 : compareBytes(a.name, b.name);
  });
}
