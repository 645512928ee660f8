/** One line of a table. */
export type Row = readonly string[];

const GAP = '  ';
/** SGR colour codes, which take no room on the screen. */
const PAINT = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

/** Rows as lines with aligned columns. Cells may be painted. */
export function alignTable(rows: readonly Row[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, widthOf(cell));
    }
  }
  return rows.map((row) =>
    row
      .map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - widthOf(cell)))
      .join(GAP)
      .trimEnd(),
  );
}

function widthOf(cell: string): number {
  return [...cell.replace(PAINT, '')].length;
}
