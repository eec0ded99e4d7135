import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The titles of Kubernetes' conformance suite. */
export function suiteTitles(): ReadonlySet<string> {
  const rows = readFileSync(join(import.meta.dirname, 'titles.tsv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1);
  return new Set(rows.map((row) => row.split('\t')[1] ?? ''));
}
