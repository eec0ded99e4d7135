export interface TabOptions {
  readonly minWidth: number;
  /** Spaces after the widest cell of a column. */
  readonly padding: number;
  /** How wide columns were before: none becomes narrower, and what they become is noted. */
  readonly remembered?: number[];
}

/** The measures of `kubectl describe`. */
export const describeTabs: TabOptions = { minWidth: 0, padding: 2 };

/**
 * Aligns cells that end in tabs as Go's text/tabwriter does: a column is as wide as the widest of the consecutive lines that have it, and
 * what stands after a line's last tab belongs to no column.
 */
export function alignTabs(text: string, options: TabOptions = describeTabs): string {
  const lines = harmless(text)
    .split('\n')
    .map((line) => line.split('\t'));
  const out: string[] = [];
  layOut(lines, [], 0, lines.length, options, out);
  return out.join('\n');
}

function layOut(lines: readonly string[][], widths: readonly number[], from: number, to: number, options: TabOptions, out: string[]): void {
  const column = widths.length;
  const has = (at: number): boolean => at < to && column < (lines[at]?.length ?? 0) - 1;
  let at = from;
  while (at < to) {
    if (!has(at)) {
      out.push(pad(lines[at] ?? [], widths));
      at++;
      continue;
    }
    let end = at;
    let width = Math.max(options.minWidth, options.remembered?.[column] ?? 0);
    for (; has(end); end++) width = Math.max(width, textWidth(lines[end]?.[column] ?? '') + options.padding);
    if (options.remembered) options.remembered[column] = width;
    layOut(lines, [...widths, width], at, end, options, out);
    at = end;
  }
}

function pad(cells: readonly string[], widths: readonly number[]): string {
  return cells.map((cell, i) => cell + ' '.repeat(Math.max(0, (widths[i] ?? 0) - textWidth(cell)))).join('');
}

/** Without the characters by which a text could command a terminal, written as upstream's kubectl writes them. */
function harmless(text: string): string {
  return text.replaceAll('\u001b', '^[').replaceAll('\r', '\\r');
}

/** Code points, as Go counts them. */
export function textWidth(text: string): number {
  return [...text].length;
}

/** Rows as `kubectl get` prints them. Widths are remembered, so that later rows line up with earlier ones. A cell of several lines is not kept together. */
export class ColumnWriter {
  readonly #options: TabOptions = { minWidth: 6, padding: 3, remembered: [] };

  write(rows: readonly (readonly string[])[]): string {
    return rows.length === 0 ? '' : `${alignTabs(rows.map((row) => row.join('\t')).join('\n'), this.#options)}\n`;
  }
}
