/** Columns of text, aligned; all but the first are numbers and stand right when there is a heading. */
export function textTable(heading: readonly string[] | undefined, rows: readonly (readonly string[])[]): string {
  const all = heading === undefined ? rows : [heading, ...rows];
  const widths: number[] = [];
  for (const row of all) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (i > 0 && heading !== undefined ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return all.map((row) => `${line(row)}\n`).join('');
}
