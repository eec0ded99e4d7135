/** The notation a quantity was written in, kept when it is printed: `12Mi`, `12M` or `12e6`. */
export type QuantityFormat = 'BinarySI' | 'DecimalSI' | 'DecimalExponent';

/** An exact amount. Kubernetes keeps nothing finer than nano. */
export interface Quantity {
  /** Billionths. */
  readonly nanos: bigint;
  readonly format: QuantityFormat;
  /** The text it was read from, where upstream takes that for canonical and prints it again: `1.500`, `12E6`, `+5`. */
  readonly written?: string;
}

const splitter = '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$';
const formatProblem = `quantities must match the regular expression '${splitter}'`;
const numericProblem = 'unable to parse numeric part of quantity';
const suffixProblem = "unable to parse quantity's suffix";

/** Nothing real is larger, and a hostile exponent must not cost memory. */
const largestExponent = 1000;
const nano = 1_000_000_000n;
/** Binary quantities are silently capped here, as upstream. */
const binaryMaximum = (2n ** 63n - 1n) * nano;

const decimalSuffixes: readonly string[] = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const binarySuffixes: readonly string[] = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

interface Suffix {
  readonly base: 2n | 10n;
  readonly exponent: number;
  readonly format: QuantityFormat;
}

/**
 * Reads a quantity; a number is read as its decimal text. What is finer than nano is rounded away from zero.
 * @throws Error with upstream's words.
 */
export function parseQuantity(input: string | number): Quantity {
  const text = String(input);
  if (text.length > largestExponent) throw new Error(numericProblem);
  const match = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/.exec(text);
  if (!match || text === '') throw new Error(formatProblem);
  const [, sign, whole = '', fraction = '', suffixText = ''] = match;
  const suffix = parseSuffix(suffixText);
  if (!suffix) throw new Error(suffixProblem);
  const digits = `${whole.replace(/^0+/, '') || '0'}${fraction}`;
  const short = isShort(digits, fraction.length, suffix);
  if (suffix.exponent > largestExponent || (whole + fraction === '' && !short)) throw new Error(numericProblem);
  const magnitude = toNanos(BigInt(digits), fraction.length, suffix);
  const capped = suffix.format === 'BinarySI' && magnitude > binaryMaximum ? binaryMaximum : magnitude;
  const small = suffix.format === 'BinarySI' && capped < nano;
  const amount: Quantity = { nanos: sign === '-' ? -capped : capped, format: small ? 'DecimalSI' : suffix.format };
  return short && isCanonical(digits, fraction.length, suffix) ? { ...amount, written: text } : amount;
}

/** Whether upstream reads it by the way for few digits. @param places of them stand behind the point. */
function isShort(digits: string, places: number, { base, exponent }: Suffix): boolean {
  if (base === 2n) return places === 0 && digits.length + exponent * 0.3 <= 14;
  return digits.length <= 18 && exponent - places >= -9;
}

/** Whether upstream, which does not look at all of it, takes a short amount for canonical. */
function isCanonical(digits: string, places: number, { base, exponent }: Suffix): boolean {
  if (base === 2n) return Number(digits) % 8 !== 0;
  return (exponent - places) % 3 === 0 && !digits.startsWith('0') && !digits.endsWith('000');
}

function parseSuffix(text: string): Suffix | undefined {
  const binary = binarySuffixes.indexOf(text, 1);
  if (binary > 0) return { base: 2n, exponent: binary * 10, format: 'BinarySI' };
  const decimal = decimalSuffixes.indexOf(text);
  if (decimal >= 0) return { base: 10n, exponent: decimal * 3 - 9, format: 'DecimalSI' };
  const exponent = /^[eE]([+-]?[0-9]+)$/.exec(text)?.[1];
  return exponent === undefined ? undefined : { base: 10n, exponent: Number(exponent), format: 'DecimalExponent' };
}

function toNanos(digits: bigint, places: number, { base, exponent }: Suffix): bigint {
  if (digits === 0n) return 0n;
  if (base === 2n) return divideUp(digits * 2n ** BigInt(exponent) * nano, 10n ** BigInt(places));
  const scale = exponent + 9 - places;
  if (scale >= 0) return digits * 10n ** BigInt(scale);
  return -scale > 2 * largestExponent ? 1n : divideUp(digits, 10n ** BigInt(-scale));
}

/** Division of amounts that are not negative, rounded up. */
function divideUp(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}

/** The text it was read from if that will do, else the canonical one: the largest suffix that loses nothing. `1.5Gi` is `1536Mi`. */
export function formatQuantity({ nanos, format, written }: Quantity): string {
  if (written !== undefined) return written;
  if (nanos === 0n) return '0';
  const size = nanos < 0n ? -nanos : nanos;
  const sign = nanos < 0n ? '-' : '';
  const binary = format === 'BinarySI' && size >= 1024n * nano && size % nano === 0n;
  return sign + (binary ? formatBinary(size / nano) : formatDecimal(size, format === 'DecimalExponent'));
}

function formatBinary(size: bigint): string {
  let [left, power] = [size, 0];
  for (; left % 1024n === 0n && power < binarySuffixes.length - 1; power++) left /= 1024n;
  return `${left}${binarySuffixes[power]}`;
}

function formatDecimal(nanos: bigint, exponential: boolean): string {
  let [left, exponent] = [nanos, -9];
  for (; left % 1000n === 0n; exponent += 3) left /= 1000n;
  const suffix = exponential ? undefined : decimalSuffixes[exponent / 3 + 3];
  return `${left}${suffix ?? (exponent === 0 ? '' : `e${exponent}`)}`;
}

/** @throws as `parseQuantity`. */
export function canonicalQuantity(input: string | number): string {
  return formatQuantity(parseQuantity(input));
}

/** Negative, zero or positive. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  return a.nanos === b.nanos ? 0 : a.nanos < b.nanos ? -1 : 1;
}

/** The sum, in the notation of the first unless that is zero. */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  return { nanos: a.nanos + b.nanos, format: a.nanos === 0n ? b.format : a.format };
}

/** The difference, in the notation of the first unless that is zero. */
export function subtractQuantities(a: Quantity, b: Quantity): Quantity {
  return { nanos: a.nanos - b.nanos, format: a.nanos === 0n ? b.format : a.format };
}

export function maxQuantity(a: Quantity, b: Quantity): Quantity {
  return a.nanos < b.nanos ? b : a;
}

export const zeroQuantity: Quantity = { nanos: 0n, format: 'DecimalSI' };

/** Whole units, rounded away from zero. Exact up to 2^53. */
export function quantityValue(quantity: Quantity): number {
  return scaled(quantity, nano);
}

/** Thousandths, rounded away from zero: CPU as millicores. Exact up to 2^53. */
export function quantityMilliValue(quantity: Quantity): number {
  return scaled(quantity, 1_000_000n);
}

function scaled({ nanos }: Quantity, unit: bigint): number {
  return Number(nanos < 0n ? -divideUp(-nanos, unit) : divideUp(nanos, unit));
}

/** Whether two values as they stand in objects are quantities of the same size. */
export function quantitiesEqual(a: unknown, b: unknown): boolean {
  if (!isText(a) || !isText(b)) return false;
  try {
    return parseQuantity(a).nanos === parseQuantity(b).nanos;
  } catch {
    return false;
  }
}

function isText(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}
