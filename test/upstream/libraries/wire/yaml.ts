import type { Random } from '@keelson/base';
import { parseYaml, toYaml } from '@keelson/machinery';
import type { Told } from './told.ts';

/** A question about YAML, and what we say to it. */
export interface YamlAsked {
  readonly about: string;
  readonly question: object;
  readonly ours: Told;
}

const scalars = [
  ...['yes', 'No', 'on', 'OFF', 'y', 'N', '~', 'null', 'Null', 'nULL', 'true', 'True', 'tRUE', 'False', '""', "''", '.', '-', '+', '='],
  ...[
    '0',
    '-0',
    '+1',
    '014',
    '0o14',
    '08',
    '0x1F',
    '0b11',
    '1_000',
    '_1',
    '1:30',
    '190:20:30.15',
    '1e3',
    '1E+3',
    'e3',
    '1.0',
    '1.',
    '.5',
    '-.5',
  ],
  ...['1e400', '12345678901234567890', '9223372036854775807', '0.1', '1.5e-7', '100000000000000000000000', '1e21'],
  ...[
    '2001-12-14',
    '2001-12-14t21:59:43.10-05:00',
    '2001-12-14 21:59:43',
    '12:30',
    'a b',
    'a: b',
    'a #b',
    'a#b',
    '#c',
    '"q\\x41\\u00e9\\n"',
  ],
  ...[
    "'it''s'",

    '"\\q"',

    '!!str 1',
    '!!int "3"',

    '!!bool yes',
    '!!binary aGVsbG8=',
    '!!binary "%"',
    '!local x',
  ],
  ...[
    '!!timestamp 2001-12-14',
    '&x a',
    '*x',
    '*y',
    '&x {a: 1}',
    '{a: 1, b}',
    '[1, [a], {b: c}]',
    '[a, ]',
    '{a: 1',
    '[a',
    '{"a":1}',
    '{a:1}',
    '@a',
    '`a',
  ],
  ...[
    '%a',
    '? a',
    '- a',
    '<<',
    '|',
    '|\n   a\n   b\n',
    '>-\n   a\n   b',
    '|2\n    a',
    'é日😀',

    'a\tb',

    'a\\b',
    '---',
    '...',
    '- - a',
  ],
];

const keys = [
  'a',
  'b',
  'c',
  'a',
  '1',
  'true',
  'null',
  '~',
  '1.5',
  '"a"',
  "'b'",
  '<<',
  '? a',
  '[a]',
  '{a: b}',
  'a b',
  '2001-12-14',
  '!!str 1',
  '0x10',
  '',
  '.inf',
  '&k d',
  '*x',
  'on',
  '1e3',
];

const lines = ['---', '# c', '', '\tx', '- q', ' ', 'a: b: c', '}', 'x'];

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random.next() * from.length)] as T;
}

/** A document, most often a right one. */
function document(random: Random): string {
  const written = block(random, '', 0);
  if (random.next() < 0.7) return written;
  const rows = written.split('\n');
  rows.splice(Math.floor(random.next() * rows.length), random.next() < 0.3 ? 1 : 0, pick(random, lines));
  return rows.join(random.next() < 0.1 ? '\r\n' : '\n');
}

function block(random: Random, pad: string, depth: number): string {
  const inList = random.next() < 0.3;
  const item = (): string => {
    const start = `${pad}${inList ? '-' : `${pick(random, keys)}:`}`;
    if (depth < 3 && random.next() < 0.3) return `${start}${random.next() < 0.1 ? ' &x' : ''}\n${block(random, `${pad}  `, depth + 1)}`;
    return random.next() < 0.1 ? start : `${start} ${pick(random, scalars)}`;
  };
  return Array.from({ length: 1 + Math.floor(random.next() * 3) }, item).join('\n');
}

const texts = [
  ...scalars,
  ...[
    'a\nb',
    'a\n',
    '\na',
    ' a',
    'a ',
    'a  \nb',
    `${'long '.repeat(30)}end`,
    'x'.repeat(100),
    '\u0007',
    '\u00a0',
    '\u2028',
    '\ufeff',
    'a\r\nb',
    '- a\n- b',
    'a:',
    ':a',
    '?',
    'a,b',
  ],
];

/** Upstream sorts numbers of nineteen digits and more anyhow, and fails to write a key with a line separator. */
const keyTexts = [...texts.filter((text) => !/\d{19}|\u2028/.test(text)), 'a1', 'a10', 'a2', 'A', '_'];

/** A JSON value of many kinds of text. */
function value(random: Random, depth = 0): unknown {
  const way = random.next();
  const several = <T>(make: () => T): T[] => Array.from({ length: Math.floor(random.next() * 4) }, make);
  if (depth < 4 && way < 0.25) return several(() => value(random, depth + 1));
  if (depth < 4 && way < 0.6) return Object.fromEntries(several(() => [pick(random, keyTexts), value(random, depth + 1)]));
  return way < 0.7 ? pick(random, [null, true, false, 0, 1, -1, 1.5, 1e21, 1e-7, 123456789]) : pick(random, texts);
}

function read(text: string): Told {
  try {
    return { value: parseYaml(text).value };
  } catch (error) {
    return { error: (error as Error).message.replace('error converting YAML to JSON: ', '') };
  }
}

/** Seeded documents to read, and as many values to write. */
export function yamlQuestions(random: Random, cases: number): readonly YamlAsked[] {
  const question = (text: string, To: string): object => ({ Do: 'Yaml', To, Body: Buffer.from(text).toString('base64') });
  const toRead = Array.from({ length: cases }, (): YamlAsked => {
    const text = document(random);
    return { about: `YAML ${text}`, question: question(text, 'json'), ours: read(text) };
  });
  const toWrite = Array.from({ length: cases }, (): YamlAsked => {
    const json = JSON.stringify(value(random));
    return { about: `as YAML ${json}`, question: question(json, 'yaml'), ours: { value: toYaml(JSON.parse(json)) } };
  });
  return [...toRead, ...toWrite];
}
