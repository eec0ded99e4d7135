import { goTypeOf } from '../go-text.ts';
import { badRequest } from '../status.ts';
import { isObject } from './json-object.ts';

export const directive = '$patch';
export const retainKeys = '$retainKeys';
const removal = '$deleteFromPrimitiveList';
const order = '$setElementOrder';
export const deleteFromList = `${removal}/`;
export const elementOrder = `${order}/`;

export function isRemoval(key: string): boolean {
  return key.startsWith(removal);
}

export function isOrder(key: string): boolean {
  return key.startsWith(order);
}

/** The field that a parallel list is for; undefined for a key that only begins like one. */
export function listedField(key: string): string | undefined {
  const slash = key.indexOf('/');
  return slash < 0 || (key.slice(0, slash) !== removal && key.slice(0, slash) !== order) ? undefined : key.slice(slash + 1);
}

export function hasDirective(value: unknown): boolean {
  return isObject(value) && Object.hasOwn(value, directive);
}

export function deletes(value: unknown): boolean {
  return isObject(value) && value[directive] === 'delete';
}

/** A value that is not what its place asks for, in the words of Go's types. */
export function wrongType(expected: 'list' | 'map', value: unknown): Error {
  const wanted = expected === 'list' ? '[]interface {}' : 'map[string]interface {}';
  return badRequest(`expected a ${wanted}, but received a ${value === null ? '%!s(<nil>)' : goTypeOf(value)}`);
}
