import { isSimpleKey, yamlText } from './yaml-scalar.ts';

/**
 * An object as kubectl prints YAML: keys in natural order, two spaces of indentation, lists not indented below their key, strings quoted
 * only where YAML 1.1 would read something else, lines folded past 80 columns. Ends with a newline.
 */
export function toYaml(value: unknown): string {
  if (isEmpty(value) || typeof value !== 'object') return `${scalar(value, 0, 0)}\n`;
  return `${block(value as object, 0).join('\n')}\n`;
}

/** The lines of a list or map that is not empty, each indented. */
function block(value: object, indent: number): string[] {
  const pad = ' '.repeat(indent);
  if (Array.isArray(value)) return value.flatMap((item) => element('-', item, indent));
  return entriesOf(value).flatMap(([key, inner]) => {
    if (!isSimpleKey(key)) return [`${pad}? ${yamlText(key, { indent, column: indent + 2, key: false })}`, ...element(':', inner, indent)];
    const name = yamlText(key, { indent, column: indent, key: true });
    const start = `${pad}${name}:`;
    if (typeof inner !== 'object' || isEmpty(inner)) return [`${start} ${scalar(inner, indent, start.length + 1)}`];
    return [start, ...block(inner as object, Array.isArray(inner) ? indent : indent + 2)];
  });
}

/** A value after its indicator, on the same line. */
function element(indicator: '-' | ':', value: unknown, indent: number): string[] {
  const start = `${' '.repeat(indent)}${indicator}`;
  if (typeof value !== 'object' || isEmpty(value)) return [`${start} ${scalar(value, indent, indent + 2)}`];
  const [first = '', ...rest] = block(value as object, indent + 2);
  return [`${start} ${first.slice(indent + 2)}`, ...rest];
}

function entriesOf(value: object): [string, unknown][] {
  return Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .sort(([a], [b]) => naturalOrder(a, b));
}

function isEmpty(value: unknown): boolean {
  return (
    value === null || value === undefined || (typeof value === 'object' && (Array.isArray(value) ? value : entriesOf(value)).length === 0)
  );
}

/** @param column where the text begins. */
function scalar(value: unknown, indent: number, column: number): string {
  if (typeof value === 'string') return yamlText(value, { indent, column, key: false });
  if (Array.isArray(value)) return '[]';
  if (typeof value === 'object' && value !== null) return '{}';
  return value === null || value === undefined ? 'null' : numberText(value);
}

function numberText(value: unknown): string {
  const text = String(value);
  return /^-?\d(\.\d+)?e[+-]\d$/.test(text) ? text.replace(/(\d)$/, '0$1') : text;
}

const digit = /^\p{Nd}$/u;
const letter = /^\p{L}$/u;

/** go-yaml's order of keys: letters after all else, and runs of digits by their number. */
export function naturalOrder(left: string, right: string): number {
  const [a, b] = [[...left], [...right]];
  for (let i = 0; i < a.length && i < b.length; i++) {
    const [x, y] = [a[i] ?? '', b[i] ?? ''];
    if (x === y) continue;
    const [xLetter, yLetter] = [letter.test(x), letter.test(y)];
    if (xLetter !== yLetter) return xLetter ? 1 : -1;
    const byNumber = xLetter ? 0 : compareNumbers(a, b, i);
    return byNumber || (x.codePointAt(0) ?? 0) - (y.codePointAt(0) ?? 0);
  }
  return a.length - b.length;
}

/** By the digits from `i` on; zeros count as digits of the number they continue. */
function compareNumbers(a: readonly string[], b: readonly string[], i: number): number {
  let start = i;
  while (start > 0 && digit.test(a[start - 1] ?? '')) start--;
  const continues = (a[i] === '0' || b[i] === '0') && a.slice(start, i).some((character) => character !== '0');
  const run = (list: readonly string[]): string => {
    let end = i;
    while (end < list.length && digit.test(list[end] ?? '')) end++;
    return list.slice(i, end).join('');
  };
  const [x, y] = [run(a), run(b)];
  const lead = continues ? '1' : '0';
  const difference = BigInt(lead + x) - BigInt(lead + y);
  return difference === 0n ? x.length - y.length : difference < 0n ? -1 : 1;
}
