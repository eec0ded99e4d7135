/**
 * One document of KYAML, the YAML that nothing can misread: a line `---`, braces and brackets, keys as they come and bare where they are
 * words to everybody, strings in quotes, those of several lines folded.
 */
export function kyamlText(value: unknown): string {
  return `---\n${textOf(value, 0)}\n`;
}

const step = '  ';

function textOf(value: unknown, indent: number): string {
  if (typeof value === 'string') return quoted(value, step.repeat(indent + 1));
  if (Array.isArray(value)) return listText(value, indent);
  if (typeof value === 'object' && value !== null) return mapText(value, indent);
  return JSON.stringify(value) ?? 'null';
}

function mapText(map: object, indent: number): string {
  const entries = Object.entries(map).filter(([, value]) => value !== undefined);
  if (entries.length === 0) return '{}';
  const lines = entries.map(([key, value]) => `${step.repeat(indent + 1)}${keyText(key)}: ${textOf(value, indent + 1)},\n`);
  return `{\n${lines.join('')}${step.repeat(indent)}}`;
}

/** Maps and lists in a list stand close: `[{`. */
function listText(list: readonly unknown[], indent: number): string {
  if (list.length === 0) return '[]';
  if (list.every((item) => typeof item === 'object' && item !== null)) return `[${list.map((item) => textOf(item, indent)).join(', ')}]`;
  const lines = list.map((item) => `${step.repeat(indent + 1)}${textOf(item, indent + 1)},\n`);
  return `[\n${lines.join('')}${step.repeat(indent)}]`;
}

function keyText(key: string): string {
  const word = /^[\p{L}\p{N}_](?:[\p{L}\p{N}_./-]*[\p{L}\p{N}_])?$/u.test(key);
  return word && !isAmbiguous(key) ? key : `"${[...key].map((letter) => escapes[letter] ?? escaped(letter)).join('')}"`;
}

/** What some reader of YAML may take for something else than a string. */
const ambiguous: readonly RegExp[] = [
  /^(?:null|~|t|true|y|yes|on|f|false|n|no|off)$/i,
  /^[+-]?(?:\d+|0x[\da-f]+|0o?[0-7]+|0b[01]+)$/i,
  /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i,
  /^[+-]?0x[\da-f]*\.?[\da-f]*p[+-]?\d+$/i,
  /^[+-]?(?:inf|infinity)$/i,
  /^[+-]?nan$/i,
  /^[+-]?\.(?:inf|nan)$/i,
];
/** Minutes and seconds, as YAML once had them, and dates. */
const times: readonly RegExp[] = [
  /^[+-]?[1-9][\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?$/,
  /^\d{4}-\d{1,2}-\d{1,2}(?:[Tt ]\d{1,2}:\d{1,2}:\d{1,2}.*)?$/,
];

function isAmbiguous(text: string): boolean {
  const plain = text.replaceAll('_', '');
  return ambiguous.some((form) => form.test(plain)) || times.some((form) => form.test(text));
}

const escapes: Readonly<Record<string, string>> = {
  ...{ '"': '\\"', '\\': '\\\\', '\u0007': '\\a', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v' },
  ...{ '\0': '\\0', '\u001b': '\\e', '\u0085': '\\N', '\u00a0': '\\_', '\u2028': '\\L', '\u2029': '\\P' },
};

function escaped(letter: string): string {
  if (/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(letter)) return letter;
  const code = letter.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x20 || code === 0x7f) return `\\x${hex.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

/** Tabs stay as they are; a line that begins with white space has it marked, the others are moved by as much. */
function quoted(text: string, indent: string): string {
  const shown = (line: string): string =>
    [...line].map((letter) => (letter === '\t' ? letter : (escapes[letter] ?? escaped(letter)))).join('');
  if (!text.includes('\n')) return `"${shown(text)}"`;
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  const start = (line: string): string => `${indent}${/^\s/u.test(line) ? '\\' : ' '}${shown(line)}`;
  const whole = lines.map((line) => `${start(line)}\\n\\\n`).join('');
  return `"\\\n${whole}${last === '' ? '' : `${start(last)}\\\n`}${indent}"`;
}
