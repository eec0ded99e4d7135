import { goQuote, goQuoteAs } from '@keelson/machinery';
import { unicodePoint } from './quote.ts';
import { entriesOf, Float, floatText, kindOf, numeric, typeName, type Value, type ValueMap, valueText } from './value.ts';

interface Directive {
  readonly flags: string;
  readonly width: number;
  /** -1 without one. */
  readonly precision: number;
  readonly verb: string;
}

/** As Go's `Sprintf`, its complaints included. `constant` tells the integers that are Go's `int`. */
export function printf(format: string, values: readonly Value[], constant: (index: number) => boolean = () => false): string {
  let next = 0;
  let reordered = false;
  const text = format.replace(/%([-+# 0]*)(\d+|\*)?(?:\.(\d+|\*)?)?(?:\[(\d+)\])?([\s\S])?/gu, (...match) => {
    const [whole, flags, width, precision, chosen, verb] = match as (string | undefined)[];
    if (verb === undefined) return '%!(NOVERB)';
    if (verb === '%') return '%';
    const size = (given: string | undefined): number => (given === '*' ? numeric(values[next++]) : Number(given));
    const wide = width === undefined ? 0 : size(width);
    const exact = precision === undefined ? (/\.[^.]$/u.test(whole ?? '') ? 0 : -1) : size(precision);
    if (chosen !== undefined) next = Number(chosen) - 1;
    reordered ||= chosen !== undefined;
    if (next >= values.length) return `%!${verb}(MISSING)`;
    const index = next++;
    const directive = { flags: `${flags ?? ''}${wide < 0 ? '-' : ''}`, width: Math.abs(wide), precision: exact, verb };
    return formatted(directive, values[index], constant(index));
  });
  if (reordered || next >= values.length) return text;
  const extra = values.slice(next).map((value, i) => described(value, constant(next + i)));
  return `${text}%!(EXTRA ${extra.join(', ')})`;
}

function described(value: Value, constant: boolean): string {
  return kindOf(value) === 'nil' || kindOf(value) === 'missing' ? '<nil>' : `${typeName(value, constant)}=${valueText(value)}`;
}

function padded(text: string, { flags, width }: Directive, value: Value): string {
  if (flags.includes('-')) return text.padEnd(width);
  if (!flags.includes('0')) return text.padStart(width);
  const sign = typeof value === 'string' ? '' : (/^[-+]/.exec(text)?.[0] ?? '');
  return sign + text.slice(sign.length).padStart(width - sign.length, '0');
}

/** Lists and maps are written element by element, each as wide as is asked. */
function formatted(directive: Directive, value: Value, constant: boolean): string {
  const { verb, flags } = directive;
  if (verb === 'T') return padded(typeName(value, constant), directive, 'text');
  if (verb === 'v' && flags.includes('#')) return padded(goSyntax(value), directive, 'text');
  const inner = (element: Value): string => formatted(directive, element, false);
  if (Array.isArray(value)) return `[${value.map(inner).join(' ')}]`;
  if (kindOf(value) === 'map') {
    const entries = entriesOf(value as ValueMap).map(([key, element]) => `${inner(key)}:${inner(element)}`);
    return `map[${entries.join(' ')}]`;
  }
  if (verb === 'v') return padded(signed(valueText(value), flags, value), directive, value);
  if (value === null || value === undefined) return `%!${verb}(<nil>)`;
  const text = scalar(directive, value);
  return text === undefined ? `%!${verb}(${typeName(value, constant)}=${valueText(value)})` : padded(text, directive, value);
}

function scalar(directive: Directive, value: Value): string | undefined {
  if (typeof value === 'boolean') return directive.verb === 't' ? String(value) : undefined;
  if (typeof value === 'string') return stringText(directive, value);
  const number = numeric(value);
  const text = kindOf(value) === 'int' ? integerText(directive, number) : decimalText(directive, number);
  return text === undefined ? undefined : signed(text, directive.flags, value);
}

function signed(text: string, flags: string, value: Value): string {
  if (kindOf(value) !== 'int' && kindOf(value) !== 'float') return text;
  if (text.startsWith('-') || !/^[0-9]/.test(text)) return text;
  return flags.includes('+') ? `+${text}` : flags.includes(' ') ? ` ${text}` : text;
}

function stringText({ verb, precision, flags }: Directive, value: string): string | undefined {
  const cut = precision >= 0 ? Array.from(value).slice(0, precision).join('') : value;
  if (verb === 's') return cut;
  if (verb === 'q') return flags.includes('#') && !cut.includes('`') ? `\`${cut}\`` : goQuoteAs(cut, { ascii: flags.includes('+') });
  if (verb !== 'x' && verb !== 'X') return undefined;
  const bytes = Array.from(new TextEncoder().encode(cut), (byte) => byte.toString(16).padStart(2, '0'));
  const hex = bytes.join(flags.includes(' ') ? ' ' : '');
  return verb === 'X' ? hex.toUpperCase() : hex;
}

const bases: Readonly<Record<string, number>> = { b: 2, o: 8, O: 8, d: 10, x: 16, X: 16 };
const prefixes: Readonly<Record<string, string>> = { b: '0b', o: '0', x: '0x', X: '0X' };

function integerText({ verb, flags, precision }: Directive, value: number): string | undefined {
  if (verb === 'c') return String.fromCodePoint(value);
  if (verb === 'q') return goQuoteAs(String.fromCodePoint(value), { quote: "'" });
  if (verb === 'U')
    return unicodePoint(String.fromCodePoint(value))
      .split(' ', flags.includes('#') ? 2 : 1)
      .join(' ');
  const base = bases[verb];
  if (base === undefined) return undefined;
  const digits = Math.abs(value).toString(base).padStart(Math.max(precision, 0), '0');
  const prefix = verb === 'O' ? '0o' : flags.includes('#') ? (prefixes[verb] ?? '') : '';
  return `${value < 0 ? '-' : ''}${prefix}${verb === 'X' ? digits.toUpperCase() : digits}`;
}

function decimalText({ verb, precision }: Directive, value: number): string | undefined {
  const lower = verb.toLowerCase();
  if (lower !== 'e' && lower !== 'f' && lower !== 'g') return undefined;
  if (!Number.isFinite(value)) return floatText(value);
  const text =
    lower === 'f'
      ? fixedText(value, precision < 0 ? 6 : precision)
      : lower === 'e'
        ? exponentText(value, precision)
        : generalText(value, precision);
  return verb === lower || verb === 'F' ? text : text.toUpperCase();
}

/** Halves are rounded to even digits, where `toFixed` rounds them up. */
function fixedText(value: number, digits: number): string {
  const exact = Math.abs(value) < 1e21 ? value.toFixed(100) : '';
  const end = exact.indexOf('.') + 1 + digits;
  const kept = exact.slice(0, digits === 0 ? end - 1 : end);
  return /^50*$/.test(exact.slice(end)) && /[02468]$/.test(kept) ? kept : value.toFixed(digits);
}

function exponentText(value: number, precision: number): string {
  const [mantissa, exponent = '0'] = value.toExponential(precision < 0 ? 6 : precision).split('e');
  return `${mantissa}e${exponent.startsWith('-') ? '-' : '+'}${exponent.replace(/^[-+]/, '').padStart(2, '0')}`;
}

function generalText(value: number, precision: number): string {
  return precision < 0 ? floatText(value) : floatText(Number(value.toPrecision(precision || 1)), precision || 1);
}

/** As Go's `%#v`. */
export function goSyntax(value: Value): string {
  if (value === null || value === undefined) return value === null ? 'interface {}(nil)' : '<nil>';
  if (typeof value === 'string') return goQuote(value);
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (typeof value !== 'object' || value instanceof Float) return valueText(value);
  return `map[string]interface {}{${entriesOf(value as ValueMap)
    .map(([key, inner]) => `${goQuote(key)}:${goSyntax(inner)}`)
    .join(', ')}}`;
}
