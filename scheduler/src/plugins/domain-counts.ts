import type { IdColumn } from '../cache/columns.ts';
import type { Domains } from '../cache/table.ts';

/** Counts per row summed up by domain; `include` leaves rows out. */
export function sumByDomain(domains: Domains, perRow: IdColumn, rows: Int32Array, include?: (row: number) => boolean): Float64Array {
  const sums = new Float64Array(domains.values.size);
  const ids = domains.of.values;
  const counts = perRow.values;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    const id = ids[row] as number;
    const count = counts[row] as number;
    if (id >= 0 && count !== 0 && (!include || include(row))) sums[id] = (sums[id] as number) + count;
  }
  return sums;
}

/** Whether a row's domain has a positive sum. */
export function inDomain(domains: Domains, sums: Float64Array, row: number): boolean {
  const id = domains.of.values[row] as number;
  return id >= 0 && (sums[id] as number) > 0;
}
