/**
 * Bars: what a benchmark promises. A benchmark prints each as one line of JSON among its other output; `run.ts` collects them
 * into a table. A bar without `atMost` and `atLeast` is only shown.
 */

export interface Bar {
  /** What is measured. */
  readonly bar: string;
  readonly value: number;
  /** Shown behind the number: `ms`, `×`, … */
  readonly unit: string;
  readonly atMost?: number;
  readonly atLeast?: number;
}

export function printBar(bar: Bar): void {
  console.log(JSON.stringify(bar));
}

/** Reads a line of a benchmark's output; undefined when it is no bar. */
export function parseBar(line: string): Bar | undefined {
  if (!line.startsWith('{"bar":')) return undefined;
  return JSON.parse(line) as Bar;
}

export function isMet({ value, atMost, atLeast }: Bar): boolean {
  return value <= (atMost ?? Number.POSITIVE_INFINITY) && value >= (atLeast ?? Number.NEGATIVE_INFINITY);
}

/** The bars as a table, one line each. */
export function barTable(bars: readonly Bar[]): string {
  const rows = bars.map((bar) => [bar.bar, number(bar.value, bar.unit), limit(bar), verdict(bar)]);
  const all = [['measured', 'value', 'bar', ''], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column].length)));
  return all
    .map(([name, value, bar, end]) =>
      `${name.padEnd(widths[0])}  ${value.padStart(widths[1])}  ${bar.padStart(widths[2])}  ${end}`.trimEnd(),
    )
    .join('\n');
}

function limit({ atMost, atLeast, unit }: Bar): string {
  if (atMost !== undefined) return `≤ ${number(atMost, unit)}`;
  return atLeast === undefined ? '' : `≥ ${number(atLeast, unit)}`;
}

function verdict(bar: Bar): string {
  if (bar.atMost === undefined && bar.atLeast === undefined) return '';
  return isMet(bar) ? 'pass' : 'FAIL';
}

function number(value: number, unit: string): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 3;
  return `${Number(value.toFixed(digits))} ${unit}`.trimEnd();
}
