import { parseQuantity } from '@keelson/machinery';
import type { CapacityRequestPolicy, CapacityRequirements, Device, DeviceCapacity } from '@keelson/types';
import type { Amounts } from './in-use.ts';

/**
 * What a request takes of each of a device's capacities, in billionths: what it asks for, rounded up to what the device gives out; of those
 * it does not name the usual part, or all. Undefined where the device has not what is asked for, or does not give out such an amount.
 */
export function consumption({ capacity = {} }: Device, asked: CapacityRequirements | undefined): Amounts | undefined {
  const requests = asked?.requests ?? {};
  if (Object.keys(requests).some((name) => !Object.hasOwn(capacity, name))) return undefined;
  const consumed = new Map<string, bigint>();
  for (const [name, one] of Object.entries(capacity)) {
    const request = requests[name];
    const amount = amountOf(one, request === undefined ? undefined : nanos(request));
    if (!isGivenOut(amount, one.requestPolicy)) return undefined;
    consumed.set(name, amount);
  }
  return consumed;
}

/** Whether the device has room for `more` beside what is taken. */
export function hasRoom({ capacity = {} }: Device, more: Amounts, taken: readonly (Amounts | undefined)[]): boolean {
  return Object.entries(capacity).every(([name, { value }]) => {
    const sum = taken.reduce((before, amounts) => before + (amounts?.get(name) ?? 0n), more.get(name) ?? 0n);
    return sum <= nanos(value);
  });
}

function amountOf({ value, requestPolicy }: DeviceCapacity, asked: bigint | undefined): bigint {
  if (asked === undefined) return nanos(requestPolicy?.default ?? value);
  const { validRange, validValues } = requestPolicy ?? {};
  if (validRange) return roundUp(asked, nanos(validRange.min), validRange.step === undefined ? undefined : nanos(validRange.step));
  return (validValues ?? []).map(nanos).find((valid) => asked <= valid) ?? asked;
}

function roundUp(asked: bigint, least: bigint, step: bigint | undefined): bigint {
  if (asked < least) return least;
  if (step === undefined) return asked;
  const over = (asked - least) % step;
  return over === 0n ? asked : asked + step - over;
}

function isGivenOut(amount: bigint, policy: CapacityRequestPolicy | undefined): boolean {
  const { default: usual, validRange, validValues } = policy ?? {};
  if (usual !== undefined && amount === nanos(usual)) return true;
  if (validRange) return validRange.max === undefined || amount <= nanos(validRange.max);
  return validValues === undefined || validValues.length === 0 || validValues.some((valid) => nanos(valid) === amount);
}

function nanos(quantity: string | number): bigint {
  return parseQuantity(quantity).nanos;
}
