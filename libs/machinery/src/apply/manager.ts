import { byteLength, isPrintable } from '../go-text.ts';

/** Bytes of a manager's name at most. */
const managerLimit = 128;

/** The name a writer goes by: what it calls itself, else the first word of its User-Agent, else `unknown`. */
export function managerName(fieldManager: string, userAgent: string): string {
  if (fieldManager !== '') return fieldManager;
  let name = '';
  for (const character of userAgent.split('/')[0] ?? '') {
    if (!isPrintable(character)) continue;
    if (byteLength(name + character) > managerLimit) break;
    name += character;
  }
  return name || 'unknown';
}
