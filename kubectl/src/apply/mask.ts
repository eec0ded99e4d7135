import type { AnyObject } from '../types.ts';

const hidden = '***';

/** What is in Secrets is not shown: only that it differs. Other objects are left as they are. */
export function masked(from: AnyObject | undefined, to: AnyObject): [AnyObject | undefined, AnyObject] {
  if (to.kind !== 'Secret' || to.apiVersion !== 'v1') return [from, to];
  const [before, after] = [dataOf(from), dataOf(to)];
  const differs = (key: string): boolean => Object.hasOwn(before, key) && Object.hasOwn(after, key) && before[key] !== after[key];
  return [
    from && mask(from, (key) => (differs(key) ? `${hidden} (before)` : hidden)),
    mask(to, (key) => (differs(key) ? `${hidden} (after)` : hidden)),
  ];
}

function dataOf(object: AnyObject | undefined): Readonly<Record<string, unknown>> {
  return (object?.data as Record<string, unknown> | undefined) ?? {};
}

function mask(object: AnyObject, text: (key: string) => string): AnyObject {
  if (!object.data) return object;
  return { ...object, data: Object.fromEntries(Object.keys(dataOf(object)).map((key) => [key, text(key)])) };
}
