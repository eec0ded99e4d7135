import { compareStrings, relaxedJsonPath } from '@keelson/machinery';
import type { ObjectMeta, Table, TableRow } from '@keelson/types';
import { sortedByPath } from './sort.ts';
import { ColumnWriter } from './tabwriter.ts';

export interface TableOptions {
  readonly wide: boolean;
  readonly noHeaders: boolean;
  readonly withNamespace: boolean;
  /** Put before names: `deployment.apps`; empty for none. */
  readonly kindPrefix: string;
  readonly showLabels: boolean;
  readonly labelColumns: readonly string[];
  /** `ADDED`, `MODIFIED`, … of a watch, as a first column. */
  readonly events?: boolean;
}

/** Prints server-side tables one after another under one header, as far as their columns are the same. */
export class TablePrinter {
  readonly #options: TableOptions;
  #writer = new ColumnWriter();
  #header = '';

  constructor(options: TableOptions) {
    this.#options = options;
  }

  /** The lines of a table. Later tables of a watch may leave their columns out: `columns` of the first are used. */
  print(table: Table, event = ''): string {
    const { noHeaders } = this.#options;
    const header = headerOf(table, this.#options);
    const rows = table.rows.map((row) => rowCells(table, row, this.#options, event));
    const text = header.join('\t');
    if (text === this.#header || table.columnDefinitions.length === 0) return this.#writer.write(rows);
    const first = this.#header === '';
    this.#header = text;
    this.#writer = new ColumnWriter();
    const lines = this.#writer.write(noHeaders ? rows : [header, ...rows]);
    return first || noHeaders ? lines : `\n${lines}`;
  }
}

/** Columns of the longest of the events, so that those that come one after the other stand below each other. */
const eventWidth = 'MODIFIED'.length;

function headerOf(table: Table, options: TableOptions): string[] {
  const columns = shown(table, options).map((i) => (table.columnDefinitions[i]?.name ?? '').toUpperCase());
  return [
    ...(options.events ? ['EVENT'.padEnd(eventWidth)] : []),
    ...(options.withNamespace ? ['NAMESPACE'] : []),
    ...columns,
    ...options.labelColumns.map((label) => label.slice(label.lastIndexOf('/') + 1).toUpperCase()),
    ...(options.showLabels ? ['LABELS'] : []),
  ];
}

function shown({ columnDefinitions }: Table, { wide }: TableOptions): number[] {
  return columnDefinitions.flatMap(({ priority }, i) => (wide || !priority ? [i] : []));
}

function rowCells(table: Table, row: TableRow, options: TableOptions, event: string): string[] {
  const metadata = metadataOf(row);
  const labels = metadata.labels ?? {};
  const cells = shown(table, options).map((i) => {
    const text = cellText(row.cells[i]);
    const isName = table.columnDefinitions[i]?.name.toLowerCase() === 'name';
    return isName && options.kindPrefix ? `${options.kindPrefix}/${text}` : text;
  });
  return [
    ...(options.events ? [event.padEnd(eventWidth)] : []),
    ...(options.withNamespace ? [metadata.namespace ?? ''] : []),
    ...cells,
    ...options.labelColumns.map((label) => labels[label] ?? ''),
    ...(options.showLabels ? [labelsText(labels)] : []),
  ];
}

export function metadataOf(row: TableRow): ObjectMeta {
  return (row.object as { metadata?: ObjectMeta } | undefined)?.metadata ?? {};
}

/** Cells stand on one line: what follows a line break is cut. */
function cellText(cell: unknown): string {
  if (cell === undefined || cell === null) return '';
  const text = typeof cell === 'object' ? JSON.stringify(cell) : String(cell);
  const end = text.search(/[\n\r\f]/);
  return end === -1 ? text : `${text.slice(0, end)}...`;
}

/** `a=b,c=d` in order of keys; `<none>` for none. */
export function labelsText(labels: Readonly<Record<string, string>> | undefined | null): string {
  const entries = Object.entries(labels ?? {}).sort(([a], [b]) => compareStrings(a, b));
  return entries.length === 0 ? '<none>' : entries.map(([key, value]) => `${key}=${value}`).join(',');
}

/** The table with rows ordered by a field of their objects. @throws Error with JSONPath's words. */
export function sortTable(table: Table, path: string): Table {
  return { ...table, rows: sortedByPath(table.rows, relaxedJsonPath(path), (row) => row.object) };
}
