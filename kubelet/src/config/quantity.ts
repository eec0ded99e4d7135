import { parseQuantity, quantitiesEqual, quantityMilliValue, quantityValue } from '@keelson/machinery';

type Quantity = string | number;

/** Thousandths of a core, rounded up. */
export function milliCpu(quantity: Quantity): number {
  return quantityMilliValue(parseQuantity(quantity));
}

/** Whole units (bytes, for memory), rounded up. */
export function bytes(quantity: Quantity): number {
  return quantityValue(parseQuantity(quantity));
}

export function isZero(quantity: Quantity): boolean {
  return parseQuantity(quantity).nanos === 0n;
}

export function sameQuantity(a: Quantity, b: Quantity): boolean {
  return quantitiesEqual(a, b);
}
