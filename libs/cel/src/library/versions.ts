import { goQuote } from '@keelson/machinery';
import { traversal } from '../costs.ts';
import { each, fn, type Overload } from '../declare.ts';
import { EvaluationError } from '../errors.ts';
import { Opaque } from '../values.ts';

/** A version as semver.org has them. */
export class Semver extends Opaque {
  readonly typeName = 'kubernetes.Semver';
  readonly numbers: readonly bigint[];
  readonly before: readonly string[];

  constructor(numbers: readonly bigint[], before: readonly string[]) {
    super();
    this.numbers = numbers;
    this.before = before;
  }

  /** What is built makes no version another. */
  get identity(): string {
    return `${this.numbers.join('.')}-${this.before.join('.')}`;
  }
}

/** With `normalize`: a leading `v`, missing parts and leading zeros are let pass. */
function tidy(text: string): string {
  const parts = splitThree(text.replace(/^v/, '')).map((part) => (part.length > 1 ? withoutZeros(part) : part));
  if (parts.length < 3 && /[+-]/.test(parts.at(-1) ?? ''))
    throw new EvaluationError('short version cannot contain PreRelease/Build meta data');
  return [...parts, '0', '0'].slice(0, 3).join('.');
}

function withoutZeros(part: string): string {
  const rest = part.replace(/^0+/, '');
  return /^[0-9]/.test(rest) ? rest : `0${rest}`;
}

function splitThree(text: string): string[] {
  const [first = '', second, ...rest] = text.split('.');
  return [first, ...(second === undefined ? [] : [second]), ...(rest.length > 0 ? [rest.join('.')] : [])];
}

/** @throws EvaluationError in the words of upstream's library. */
function parseSemver(text: string): Semver {
  if (text === '') throw new EvaluationError('Version string empty');
  const [major, minor, last] = splitThree(text);
  if (major === undefined || minor === undefined || last === undefined) throw new EvaluationError('No Major.Minor.Patch elements found');
  const numbers = [numberOf(major, 'major'), numberOf(minor, 'minor')];
  const [, patch = '', before, build] = /^([^+-]*)(?:-([^+]*))?(?:\+(.*))?$/s.exec(last) ?? [];
  numbers.push(numberOf(patch, 'patch'));
  const labels = before?.split('.') ?? [];
  for (const label of labels) checkLabel(label);
  for (const part of build?.split('.') ?? []) {
    if (part === '') throw new EvaluationError('Build meta data is empty');
    if (!/^[0-9A-Za-z-]+$/.test(part)) throw new EvaluationError(`Invalid character(s) found in build meta data ${goQuote(part)}`);
  }
  return new Semver(numbers, labels);
}

function numberOf(text: string, part: string): bigint {
  if (!/^[0-9]*$/.test(text)) throw new EvaluationError(`Invalid character(s) found in ${part} number ${goQuote(text)}`);
  if (/^0./.test(text)) {
    const name = part.charAt(0).toUpperCase() + part.slice(1);
    throw new EvaluationError(`${name} number must not contain leading zeroes ${goQuote(text)}`);
  }
  return unsigned(text);
}

function unsigned(text: string): bigint {
  const why = text === '' ? 'invalid syntax' : BigInt(text) >= 1n << 64n ? 'value out of range' : undefined;
  if (why !== undefined) throw new EvaluationError(`strconv.ParseUint: parsing ${goQuote(text)}: ${why}`);
  return BigInt(text);
}

function checkLabel(label: string): void {
  if (label === '') throw new EvaluationError('Prerelease is empty');
  if (/^0[0-9]+$/.test(label)) throw new EvaluationError(`Numeric PreRelease version must not contain leading zeroes ${goQuote(label)}`);
  if (!/^[0-9A-Za-z-]+$/.test(label)) throw new EvaluationError(`Invalid character(s) found in prerelease ${goQuote(label)}`);
}

/** Undefined for what is no semantic version. */
export function readSemver(text: string, normalize = false): Semver | undefined {
  try {
    return semver(text, normalize);
  } catch {
    return undefined;
  }
}

function semver(text: string, normalize = false): Semver {
  return parseSemver(normalize ? tidy(text) : text);
}

/** Negative, zero or positive. A version before a release is less than it. */
function compare(a: Semver, b: Semver): number {
  for (const [i, one] of a.numbers.entries()) {
    const other = b.numbers[i] ?? 0n;
    if (one !== other) return one < other ? -1 : 1;
  }
  if (a.before.length === 0 || b.before.length === 0) return Math.sign(b.before.length - a.before.length);
  for (const [i, one] of a.before.entries()) {
    const other = b.before[i];
    if (other === undefined) return 1;
    if (one !== other) return compareLabels(one, other);
  }
  return a.before.length - b.before.length < 0 ? -1 : 0;
}

function compareLabels(a: string, b: string): number {
  const [first, second] = [/^[0-9]+$/.test(a), /^[0-9]+$/.test(b)];
  if (first && second) return BigInt(a) < BigInt(b) ? -1 : 1;
  if (first !== second) return first ? -1 : 1;
  return a < b ? -1 : 1;
}

const type = 'kubernetes.Semver';
const parts = ['major', 'minor', 'patch'];

export const versions: readonly Overload[] = [
  ...each([`semver(string): ${type}`, `semver(string, bool): ${type}`], semver, traversal),
  ...each(
    ['isSemver(string): bool', 'isSemver(string, bool): bool'],
    (text: string, normalize = false) => readSemver(text, normalize as boolean) !== undefined,
    traversal,
  ),
  fn(`${type}.isGreaterThan(${type}): bool`, (a: Semver, b: Semver) => compare(a, b) > 0),
  fn(`${type}.isLessThan(${type}): bool`, (a: Semver, b: Semver) => compare(a, b) < 0),
  fn(`${type}.compareTo(${type}): int`, (a: Semver, b: Semver) => BigInt(compare(a, b))),
  ...parts.map((part, i) => fn(`${type}.${part}(): int`, ({ numbers }: Semver) => numbers[i])),
];
