import type { Random } from '@keelson/base';

export interface Question {
  readonly Kind: string;
  readonly Text: string;
}

const name = ['a', 'A', 'z9', '0', '-', '.', '_', '/', '..', 'x.y', 'a-b', '*', '*.', '%', '=', ' ', 'é', '\u0000', '日', '~'];
const long = (length: number): string => 'a'.repeat(length);
const names = [...name, long(15), long(62), long(126), long(250), `${long(63)}.`];
const number = ['0', '1', '9', '1024', '1000', '.', '-', '+', 'e', 'E', 'k', 'Ki', 'Mi', 'Gi', 'm', 'n', 'u', 'M', 'P', 'Ei', ' ', '00'];

/** What random texts of each kind are put together from. */
const words: Readonly<Record<string, readonly string[]>> = {
  quantity: number,
  'label selector': ['a', 'b/c', 'in', 'notin', '(', ')', ',', '=', '==', '!=', '!', '>', '<', '1', ' ', 'x.y/z', '-', 'exists', '\t', '_'],
  'field selector': ['a', 'metadata.name', '=', '==', '!=', ',', '\\', '\\,', '\\=', ' ', 'b', '!', ''],
  duration: ['1', '0', '.5', '.', '-', '+', 'h', 'm', 's', 'ms', 'us', 'µs', 'ns', '300', ' ', '9223372036854775807'],
  address: ['1', '255', '256', '010', '.', '.', '.', ':', ':', '::', 'f', 'ffff', '0', '10.0.0.1', '%eth0', 'fd00::'],
  range: ['10.0.0.0', '010.1.2.3', '/', '/', '8', '24', '032', '33', 'fd00::', '::ffff:10.0.0.1', '64', '128', '::', '-', '+1'],
  quoted: [
    ...name,
    '"',
    "'",
    '\\',
    '\n',
    '\t',
    '\u007f',
    '\u0085',
    '\u00a0',
    '\u00ad',
    '\u2028',
    '\u3000',
    '\ufeff',
    '\ufffd',
    '😀',
    '\u{e0001}',
  ],
  ...Object.fromEntries(
    [
      ...['label key', 'label value', 'label', 'subdomain', '1035 label', 'wildcard', 'C identifier', 'header', 'environment'],
      ...['relaxed environment', 'config key', 'path segment', 'path prefix', 'generated label', 'generated subdomain'],
      ...['generated 1035 label', 'annotation', 'finalizer', 'qualified domain'],
    ].map((kind) => [kind, names]),
  ),
  'port name': ['a', '1', '-', '--', 'http', 'A', '.', long(14)],
  percent: ['1', '00', '%', '.', '-', ' ', '100'],
};

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random.next() * from.length)] as T;
}

function joined(random: Random, from: readonly string[], most: number): string {
  return Array.from({ length: 1 + Math.floor(random.next() * most) }, () => pick(random, from)).join('');
}

/** Two amounts that can mostly be read. */
function amounts(random: Random): string {
  const amount = (): string =>
    pick(random, ['', '', '-']) +
    joined(random, ['0', '1', '5', '24', '999', '1000', '.5'], 3) +
    pick(random, ['', 'm', 'k', 'Ki', 'Mi', 'Gi', 'n', 'u', 'M', 'e3', 'Ti', 'G']);
  return `${amount()} ${amount()}`;
}

function scaled(random: Random): string {
  const value = JSON.stringify(
    pick<number | string>(random, [
      0,
      3,
      -2,
      joined(random, ['1', '5', '0', '%', '-', '+', '.', '99', 'x'], 4),
      `${pick(random, [1, 25, 33, 50, 75, 99, 100, 150])}%`,
    ]),
  );
  return `${value} ${pick(random, [0, 1, 2, 3, 7, 10, 33, 99, 1000])} ${pick(random, ['up', 'down'])}`;
}

function selectorObject(random: Random): string {
  const text = (): string => pick(random, ['a', 'b', 'x.y/z', '-', '', 'A_1', 'b c', long(64), '1', '日']);
  const texts = (): string[] => Array.from({ length: Math.floor(random.next() * 3) }, text);
  const expression = (): object => ({
    key: text(),
    operator: pick(random, ['In', 'NotIn', 'Exists', 'DoesNotExist', 'in', '']),
    values: texts(),
  });
  const some = <T>(make: () => T): T[] | undefined =>
    random.next() < 0.3 ? undefined : Array.from({ length: Math.floor(random.next() * 3) }, make);
  // One label: upstream goes through them in any order.
  const matchLabels = random.next() < 0.5 ? [[text(), text()] as const] : undefined;
  return JSON.stringify({ matchLabels: matchLabels && Object.fromEntries(matchLabels), matchExpressions: some(expression) });
}

/** Seeded random questions, so many of each kind. */
export function questions(random: Random, cases: number): readonly Question[] {
  const makers: Readonly<Record<string, () => string>> = {
    ...Object.fromEntries(Object.entries(words).map(([kind, from]) => [kind, () => joined(random, from, 7)])),
    amounts: () => amounts(random),
    scaled: () => scaled(random),
    age: () => pick(random, ['', '', '-']) + joined(random, ['1', '5', '9', '6', '3', '0'], 9),
    'selector object': () => selectorObject(random),
  };
  return Object.entries(makers).flatMap(([Kind, make]) => Array.from({ length: cases }, () => ({ Kind, Text: make() })));
}
