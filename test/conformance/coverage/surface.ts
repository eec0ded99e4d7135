import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A line of the table of stable operations of Kubernetes 1.36. */
export interface Surface {
  /** `core`, or empty for paths that are no resources. */
  readonly group: string;
  readonly version: string;
  /** `pods`, `pods/log`; a path when there is no group; empty for the group's own document. */
  readonly resource: string;
  /** `get`, `connect:post`, … */
  readonly verbs: readonly string[];
}

export function readSurface(): Surface[] {
  const lines = readFileSync(join(import.meta.dirname, 'surface.tsv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1);
  return lines.map((line) => {
    const [group = '', version = '', resource = '', verbs = ''] = line.split('\t');
    const names = verbs.split(' ').map((verb) => verb.replace('!', ''));
    return { group: group === '(non-resource)' ? '' : group, version, resource, verbs: names };
  });
}
