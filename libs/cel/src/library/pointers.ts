import { sameSizeTraversal } from '../costs.ts';
import { fn, type Overload } from '../declare.ts';

/** How members are written in JSON pointers. */
export const pointers: readonly Overload[] = [
  fn('jsonpatch.escapeKey(string): string', (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1'), sameSizeTraversal),
];
