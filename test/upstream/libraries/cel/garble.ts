import type { Random } from '@keelson/base';
import { randomExpression } from './grammar.ts';

const pieces = [
  ...['(', ')', '[', ']', '{', '}', '.', ',', '?', ':', '+', '-', '!', '&&', '||', '==', '=', '&', '|', '"', "'", ' ', '1', 'a', 'in'],
  ...[
    'if',
    'true',
    '0x',
    '1.',
    '.5',
    '1e',
    '#',
    '\\',
    '`',
    '@',
    '$',
    '%',
    '<',
    '>=',
    'null',
    'r"',
    'b"',
    '\n',
    '//',
    ';',
    '~',
    '^',
    'self',
    'u',
  ],
];

const longest = 60;

/** A short expression in which a character or two are missing, or something is that does not belong. */
export function randomGarble(random: Random): string {
  const below = (most: number): number => Math.floor(random.next() * most);
  let text = randomExpression(random);
  while (text.length > longest || /[^\x20-\x7e]/.test(text)) text = randomExpression(random);
  for (let changes = 1 + below(2); changes > 0; changes--) {
    const at = below(text.length + 1);
    const [before, behind] = [text.slice(0, at), text.slice(at)];
    text = before + ([behind.slice(1 + below(3)), pieces[below(pieces.length)] + behind, ''][below(3)] ?? '');
  }
  return text;
}
