import { compareStrings, type FieldError, fieldDuplicate, fieldInvalid, goJson, inOrder } from '@keelson/machinery';
import { isMap, memberPath, memberSchema, type Schema } from './schema.ts';

/** Tells what an element of a list was before a change: only lists whose elements have keys know. @param old the list before. */
export function counterparts(old: unknown, schema: Schema): (element: unknown) => unknown {
  const { 'x-kubernetes-list-type': type, 'x-kubernetes-list-map-keys': keys } = schema;
  if (type !== 'map' || !keys || !Array.isArray(old)) return () => undefined;
  // Of those that have the same keys, the first.
  const before = new Map(old.toReversed().flatMap((one) => (isMap(one) ? [[goJson(keysOf(one, keys)), one]] : [])));
  return (element) => (isMap(element) ? before.get(goJson(keysOf(element, keys))) : undefined);
}

/** Whether elements of such a list may stand there only once. */
export function isUnique({ 'x-kubernetes-list-type': type }: Schema): boolean {
  return type === 'set' || type === 'map';
}

/** Elements that stand twice in lists that are sets or maps: each once, where it comes the second time; of maps, its keys. */
export function duplicateErrors(value: unknown, schema: Schema, path = ''): FieldError[] {
  if (Array.isArray(value)) return listErrors(value, schema, path);
  if (!isMap(value)) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const nested = memberSchema(schema, name);
    return nested ? duplicateErrors(member, nested, memberPath(schema, path, name)) : [];
  });
}

function listErrors(list: readonly unknown[], schema: Schema, path: string): FieldError[] {
  const { items, 'x-kubernetes-list-type': type, 'x-kubernetes-list-map-keys': keys = [] } = schema;
  const own = type === 'set' ? repeats(list, path) : type === 'map' ? keyedErrors(list, keys, path) : [];
  return [...own, ...(items ? list.flatMap((element, index) => duplicateErrors(element, items, `${path}[${index}]`)) : [])];
}

function keyedErrors(list: readonly unknown[], keys: readonly string[], path: string): FieldError[] {
  const stray = list.findIndex((element) => element !== null && !isMap(element));
  if (stray >= 0) return [fieldInvalid(`${path}[${stray}]`, list[stray], 'must be an object for an array of list-type map')];
  return repeats(
    list.map((element) => keysOf(isMap(element) ? element : {}, keys)),
    path,
  );
}

function keysOf(element: Readonly<Record<string, unknown>>, keys: readonly string[]): object {
  const present = keys.filter((key) => Object.hasOwn(element, key)).sort(compareStrings);
  return Object.fromEntries(present.map((key) => [key, element[key]]));
}

function repeats(values: readonly unknown[], path: string): FieldError[] {
  const times = new Map<string, number>();
  return values.map(inOrder).flatMap((value, index) => {
    const text = goJson(value);
    const before = times.get(text) ?? 0;
    times.set(text, before + 1);
    return before === 1 ? [fieldDuplicate(`${path}[${index}]`, value)] : [];
  });
}
