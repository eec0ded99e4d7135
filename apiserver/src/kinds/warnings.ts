import { goQuote, parseQuantity } from '@keelson/machinery';
import type { ObjectMeta } from '@keelson/types';

/** Of annotations that are out of use: by their names, what upstream says of each. `at` is the path of the metadata. */
export function annotationWarnings(
  { annotations = {} }: ObjectMeta,
  outOfUse: Readonly<Record<string, string>>,
  at = 'metadata',
): string[] {
  const found = Object.entries(outOfUse).filter(([name]) => Object.hasOwn(annotations, name));
  return found.map(([name, why]) => `${at}.annotations[${name}]: ${why}`);
}

/** Of an amount that is no whole number of bytes. `at` is its own path. */
export function fractionWarnings(amount: string | number | undefined, at: string): string[] {
  if (amount === undefined || parseQuantity(amount).nanos % 1_000_000_000n === 0n) return [];
  return [`${at}: fractional byte value ${goQuote(String(amount))} is invalid, must be an integer`];
}
