import { errorMessage } from '@keelson/base';
import { addQuantities, compareQuantities, parseQuantity, type Quantity, subtractQuantities } from '@keelson/machinery';
import { traversal } from '../costs.ts';
import { fn, type Overload } from '../declare.ts';
import { EvaluationError } from '../errors.ts';
import { Opaque } from '../values.ts';

export class Amount extends Opaque {
  readonly typeName = 'kubernetes.Quantity';
  readonly quantity: Quantity;

  constructor(quantity: Quantity) {
    super();
    this.quantity = quantity;
  }

  get identity(): bigint {
    return this.quantity.nanos;
  }
}

const unit = 1_000_000_000n;

function read(text: string): Amount {
  try {
    return new Amount(parseQuantity(text));
  } catch (error) {
    throw new EvaluationError(errorMessage(error));
  }
}

function isQuantity(text: string): boolean {
  try {
    return read(text) !== undefined;
  } catch {
    return false;
  }
}

function isInteger({ quantity: { nanos } }: Amount): boolean {
  return nanos % unit === 0n && BigInt.asIntN(64, nanos / unit) === nanos / unit;
}

function asInteger(amount: Amount): bigint {
  if (!isInteger(amount)) throw new EvaluationError('cannot convert value to integer');
  return amount.quantity.nanos / unit;
}

const compare = (a: Amount, b: Amount): number => compareQuantities(a.quantity, b.quantity);
const amount = (whole: bigint): Quantity => ({ nanos: whole * unit, format: 'DecimalSI' });
const type = 'kubernetes.Quantity';

export const quantities: readonly Overload[] = [
  fn(`quantity(string): ${type}`, read, traversal),
  fn('isQuantity(string): bool', isQuantity, traversal),
  fn(`sign(${type}): int`, ({ quantity: { nanos } }: Amount) => BigInt(nanos > 0n ? 1 : nanos < 0n ? -1 : 0)),
  fn(`${type}.isInteger(): bool`, isInteger),
  fn(`${type}.asInteger(): int`, asInteger),
  fn(`${type}.asApproximateFloat(): double`, ({ quantity: { nanos } }: Amount) => Number(nanos) / Number(unit)),
  fn(`${type}.isGreaterThan(${type}): bool`, (a: Amount, b: Amount) => compare(a, b) > 0),
  fn(`${type}.isLessThan(${type}): bool`, (a: Amount, b: Amount) => compare(a, b) < 0),
  fn(`${type}.compareTo(${type}): int`, (a: Amount, b: Amount) => BigInt(compare(a, b))),
  fn(`${type}.add(${type}): ${type}`, (a: Amount, b: Amount) => new Amount(addQuantities(a.quantity, b.quantity))),
  fn(`${type}.add(int): ${type}`, (a: Amount, b: bigint) => new Amount(addQuantities(a.quantity, amount(b)))),
  fn(`${type}.sub(${type}): ${type}`, (a: Amount, b: Amount) => new Amount(subtractQuantities(a.quantity, b.quantity))),
  fn(`${type}.sub(int): ${type}`, (a: Amount, b: bigint) => new Amount(subtractQuantities(a.quantity, amount(b)))),
];
