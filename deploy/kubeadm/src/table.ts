/** As Go's tabwriter with cells of ten characters at least and three between them; the last column is as long as it is. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(10, ...rows.map((cells) => (cells[column] ?? '').length + 3))) ?? [];
  const line = (cells: readonly string[]): string =>
    cells.map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('');
  return rows.map((cells) => `${line(cells)}\n`).join('');
}
