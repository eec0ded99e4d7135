import { compareStrings } from '@keelson/machinery';
import type { AnyObject } from '../types.ts';
import { annotationLines, field, type Lines, labelLines } from './lines.ts';

/** Any kind that has no description of its own: its head, and all its fields in words, in the order of their names. */
export function genericLines(object: AnyObject): Lines {
  const { name, namespace, labels, annotations, managedFields: _, ...metadata } = object.metadata;
  return [
    field(0, 'Name', name),
    field(0, 'Namespace', namespace),
    ...labelLines(0, labels),
    ...annotationLines(0, annotations),
    ...fieldsLines(0, { ...object, metadata }),
  ];
}

function fieldsLines(level: number, fields: Readonly<Record<string, unknown>>): Lines {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => compareStrings(a, b))
    .flatMap(([key, value]) => valueLines(level, words(key), value));
}

function valueLines(level: number, label: string, value: unknown): Lines {
  const pad = '  '.repeat(level);
  if (Array.isArray(value)) {
    const elements = value.flatMap((element) => (isMap(element) ? fieldsLines(level + 1, element) : [`${pad}  ${goValue(element)}`]));
    return [`${pad}${label}:`, ...elements];
  }
  return isMap(value) ? [`${pad}${label}:`, ...fieldsLines(level + 1, value)] : [field(level, label, goValue(value))];
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value as Go's `%v` prints it. */
function goValue(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goValue).join(' ')}]`;
  if (isMap(value)) {
    const keys = Object.keys(value).sort(compareStrings);
    return `map[${keys.map((key) => `${key}:${goValue(value[key])}`).join(' ')}]`;
  }
  return typeof value === 'number' ? goNumber(value) : String(value);
}

/** Integers of 64 bits in full, other numbers with an exponent, of two digits at least, when they are very small or above a million. */
function goNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 63) return String(value);
  const text = value.toExponential();
  const power = Number(text.split('e')[1]);
  return power < -4 || power >= 6 ? text.replace(/e([+-])(\d)$/, 'e$10$2') : String(value);
}

const acronyms = new Set(['API', 'URL', 'UID', 'GUID']);

/** Runs of capitals, capitalised and small words, and whatever else: of `podIPs` they are `pod`, `I` and `Ps`, but of `targetWWNs` `WWNs` is one. */
const word = /\p{Lu}{3,}\p{Ll}+|\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+|[^\p{Lu}\p{Ll}]+/gu;

/** `podSelector` is `Pod Selector`. A name of more than letters and dashes stays as it is. */
function words(key: string): string {
  if (/[^\p{L}-]/u.test(key)) return key;
  const parts = key.match(word) ?? [];
  return parts
    .map((part) => (acronyms.has(part.toUpperCase()) ? part.toUpperCase() : `${part.charAt(0).toUpperCase()}${part.slice(1)}`))
    .join(' ');
}
