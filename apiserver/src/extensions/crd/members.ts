import { isMap } from './schema.ts';

/** Reads `.spec.replicas`-like paths, the simple form that scale paths and selectable fields have. Undefined where there is nothing. */
export function readMember(object: unknown, path: string): unknown {
  let value = object;
  for (const name of memberNames(path)) value = isMap(value) ? value[name] : undefined;
  return value;
}

/** Writes such a path, making the objects on the way. */
export function writeMember(object: object, path: string, value: unknown): void {
  const [last, ...reversed] = memberNames(path).reverse();
  if (last === undefined) return;
  let target = object as Record<string, unknown>;
  for (const name of reversed.reverse()) {
    if (!isMap(target[name])) target[name] = {};
    target = target[name] as Record<string, unknown>;
  }
  target[last] = value;
}

/** As selectors compare it; empty where there is nothing. */
export function memberText(value: unknown): string {
  return value === undefined || value === null ? '' : String(value);
}

/** The members a path leads through. */
export function memberNames(path: string): string[] {
  return path.split('.').filter((name) => name !== '');
}
