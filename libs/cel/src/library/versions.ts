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

const number = '(0|[1-9][0-9]*)';
const label = `(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)`;
const pattern = new RegExp(`^${number}\\.${number}\\.${number}(?:-(${label}(?:\\.${label})*))?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$`);

/** With `normalize`: a leading `v`, missing parts and leading zeros are let pass. */
function tidy(text: string): string {
  const [, main = '', rest = ''] = /^v?([0-9.]*)(.*)$/s.exec(text) ?? [];
  const parts = main.split('.').map((part) => part.replace(/^0+(?=[0-9])/, ''));
  return parts.length > 3 ? text : [...parts, '0', '0'].slice(0, 3).join('.') + rest;
}

/** Undefined for what is no semantic version. */
export function readSemver(text: string, normalize = false): Semver | undefined {
  const match = pattern.exec(normalize ? tidy(text) : text);
  return match ? new Semver(match.slice(1, 4).map(BigInt), match[4]?.split('.') ?? []) : undefined;
}

function semver(text: string, normalize = false): Semver {
  const found = readSemver(text, normalize);
  if (!found) throw new EvaluationError(`No Major.Minor.Patch elements found in ${JSON.stringify(text)}`);
  return found;
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
