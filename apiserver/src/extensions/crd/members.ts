import { isMap } from './schema.ts';

/** Reads `.spec.replicas`-like paths, the simple form that scale paths and selectable fields have. Undefined where there is nothing. */
export function readMember(object: unknown, path: string): unknown {
  let value = object;
  for (const name of names(path)) value = isMap(value) ? value[name] : undefined;
  return value;
}

/** Writes such a path, making the objects on the way. */
export function writeMember(object: object, path: string, value: unknown): void {
  const [last, ...reversed] = names(path).reverse();
  if (last === undefined) return;
  let target = object as Record<string, unknown>;
  for (const name of reversed.reverse()) {
    if (!isMap(target[name])) target[name] = {};
    target = target[name] as Record<string, unknown>;
  }
  target[last] = value;
}

function names(path: string): string[] {
  return path.split('.').filter((name) => name !== '');
}
