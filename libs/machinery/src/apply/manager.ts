import { byteLength, isPrintable } from '../go-text.ts';

/** Bytes of a manager's name at most. */
const managerLimit = 128;
const plain = /^[ -~]{1,128}$/;

/** The name a writer goes by: what it calls itself, else the first word of its User-Agent, else `unknown`. */
export function managerName(fieldManager: string, userAgent: string): string {
  if (fieldManager !== '') return fieldManager;
  const word = userAgent.split('/', 1)[0] ?? '';
  if (plain.test(word)) return word;
  let name = '';
  for (const character of word) {
    if (!isPrintable(character)) continue;
    if (byteLength(name + character) > managerLimit) break;
    name += character;
  }
  return name || 'unknown';
}
