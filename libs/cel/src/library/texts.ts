import { sameSizeTraversal, traversal } from '../costs.ts';
import { fn, type Overload } from '../declare.ts';
import { EvaluationError } from '../errors.ts';

function decode(text: string): Uint8Array {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.replace(/=+$/, '').length % 4 === 1) throw new EvaluationError('illegal base64 data');
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

function encode(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

/** How bytes, and members of JSON pointers, are written. */
export const texts: readonly Overload[] = [
  fn('base64.decode(string): bytes', decode, traversal),
  fn('base64.encode(bytes): string', encode, traversal),
  fn('jsonpatch.escapeKey(string): string', (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1'), sameSizeTraversal),
];
