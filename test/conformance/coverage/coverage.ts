import { join } from 'node:path';
import type { Context } from '../context.ts';
import { exercise } from './exercise.ts';
import type { Row } from './page.ts';
import { readSurface } from './surface.ts';

export const coveragePage = join(import.meta.dirname, '../../../docs/api-coverage.md');

/** Asks a server for every stable operation there is. */
export async function coverage(context: Context): Promise<Row[]> {
  const rows: Row[] = [];
  for (const surface of readSurface()) rows.push({ surface, outcomes: await exercise(context, surface) });
  return rows;
}
